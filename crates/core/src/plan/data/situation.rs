//! All that the planner knows of one database.

use crate::config::Database;
use crate::data::{
    DataPoint, DatabaseFact, DatabaseReadiness, LossEstimate, Manifest, MigrationGraph, RestorePoint, Schema,
};
use crate::inventory::BlobRef;
use crate::port::Preflight;

/// All that the planner knows of one database.
#[derive(Debug, Clone)]
pub struct DataSituation<'a> {
    /// The database as configured.
    pub configured: &'a Database,
    /// How it is now.
    pub now: &'a DatabaseFact,
    /// How the target checkpoint has it; `None` where it was not recorded.
    pub then: Option<&'a DataPoint>,
    /// The schema that the target checkpoint has; `None` where it was not recorded or cannot be read.
    pub schema_then: Option<&'a Schema>,
    /// The restore point to take: the one asked for, else that of the target checkpoint. Where a swap is taken back: the one
    /// that it went to.
    pub point: Option<&'a RestorePoint>,
    /// Its manifest.
    pub manifest: Option<&'a Manifest>,
    /// Whether what is stored of it is there.
    pub is_stored: &'a Preflight,
    /// What a rollback will meet; the reason where nobody could look.
    pub readiness: Result<&'a DatabaseReadiness, &'a str>,
    /// What going back to the restore point, or taking the swap back, would lose; the reason where that could not be estimated.
    pub estimate: Result<&'a LossEstimate, &'a str>,
    /// The migrations of the release that brought the schema of now; the reason where they could not be read.
    pub migrations: Result<Option<&'a MigrationGraph>, &'a str>,
    /// Where those migrations are kept; goes into [`crate::data::DataAct::ReverseMigrations`].
    pub vault: Option<&'a BlobRef>,
    /// The database that the last rollback put aside, by its name on the server.
    pub put_aside: Option<&'a str>,
    /// How many people must agree before its data goes back.
    pub approvals: u32,
    /// A suffix for the names of copies, which no earlier run has used: letters, digits and underscores.
    pub suffix: &'a str,
}

impl DataSituation<'_> {
    /// The size of the database as it is, in bytes, where somebody could look.
    pub(in crate::plan) fn bytes(&self) -> Option<u64> {
        self.readiness.ok().map(|readiness| readiness.bytes).filter(|bytes| *bytes > 0)
    }
}
