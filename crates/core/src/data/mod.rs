//! Databases that go with an environment: what is known of one, its restore points, and the ways back of its data.
//!
//! Contract: nouns, each a value that can be written down, and what follows from holding two of them against each other.
//! What is done about it is decided in `plan`; how it is done is behind [`crate::port::Database`].

mod act;
mod base;
mod compare;
mod fact;
mod ledger;
mod loss;
mod manifest;
mod obstacles;
mod point;
mod proof;
mod rung;
mod schema;
mod verification;

pub use act::{DataAct, DataStep, Fence, Preserve, RestoreSource};
pub use base::{BaseBackup, bases_to_release};
pub use compare::{compare, compare_previous, compare_properties};
pub use fact::{
    DatabaseFact, DatabaseReadiness, DatabaseSeen, DatabaseState, Extension, KeptDatabase, LogicalSlot, Obstacle,
};
pub use ledger::{Framework, Ledger, Migration, MigrationGraph, Revision};
pub use loss::{
    Census, LossEstimate, LossReport, LostRow, Method, Moment, Operation, TableEstimate, TableHistory, TableLoss,
    TableNow, Values, Verdict, Window, compare_table, estimate_placed, estimate_table, estimate_undone, groups, merge,
    tell,
};
pub use manifest::{
    ConstraintCounts, DatabaseProperties, LargeObjects, Manifest, RoleSetting, Sequence, Snapshot, TableContent,
};
pub use obstacles::{Surroundings, obstacles};
pub use point::{DataPoint, Packing, PointKind, RecoveryTarget, RestorePoint, Sealing, StoredObject};
pub use proof::{DataProof, TableRows};
pub use rung::{Ladder, RejectedRung, Rung};
pub use schema::{Column, Constraint, ConstraintKind, Definition, ObjectName, Schema, Table, UserType};
pub use verification::{Level, Verification};
