//! Deciding about migrations: whether an old release can run on a new schema, what a script destroys, what must be undone
//! and what is kept meanwhile.
//!
//! Contract: nothing here looks at a database or a file; what was seen comes in as values of [`crate::data`].

mod compatibility;
mod constraint;
mod difference;
mod preserve;
mod reverse;
mod sentence;
mod statement;
#[cfg(test)]
mod tests;
mod unrecorded;
mod verdict;

pub use compatibility::{Compatibility, Since, compatibility, migrations_since};
pub use difference::{Change, Delta, SchemaDifference, schema_difference};
pub use preserve::{Undoing, is_renamed, kept_in, preservation, runs_sql};
pub use reverse::{ReversePlan, WhyNot, reverse_plan};
pub use statement::{Kind, Loss, Piece, SoftDrop, Statement, TableName, classify, pieces, split};
pub use unrecorded::{Trial, unrecorded, whole};
pub use verdict::{Verdict, verdict};
