//! The journal: an append-only, hash-chained list of records in one SQLite file, and the leases of its writers.

mod alerts;
mod fault;
mod head;
mod leases;
mod outbox;
mod query;
mod rows;
mod runs;
mod said;
mod schema;
mod sqlite;
mod verify;

pub use head::Head;
pub use outbox::{Audience, Claim, Claimed, OutboxRow, Settled};
pub use query::Lookup;
pub use rows::{RawRecord, Which};
pub use runs::{Ending, RUN_KINDS, RunSummary, runs};
pub use sqlite::SqliteStore;
pub use verify::ChainReport;
