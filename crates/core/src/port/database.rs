//! A database that goes with an environment.

use std::time::Duration;

use super::{Blobs, Evidence, Pending, PortError, Preflight};
use crate::data::{
    DataProof, DataStep, DatabaseFact, DatabaseReadiness, Level, LossEstimate, LossReport, Manifest, MigrationGraph,
    RestorePoint, Verification,
};
use crate::id::{BackupId, RunId};
use crate::inventory::BlobRef;
use crate::policy::Check;

/// One database on one server. A method that looks changes nothing; one that acts may be called again after it was
/// interrupted at any point, and then leads to the same state.
pub trait Database: Send + Sync {
    /// Looks at schema, ledgers and integrity. Never fails: what could not be seen is
    /// [`crate::data::DatabaseSeen::Unknown`].
    fn look(&self) -> Pending<'_, DatabaseFact>;

    /// Looks at everything that a rollback will meet.
    ///
    /// # Errors
    /// Where the database cannot be reached.
    fn readiness(&self) -> Pending<'_, Result<DatabaseReadiness, PortError>>;

    /// Whether the database is sound while it is used: whether its indexes hold every row, and its pages are whole. All of it is
    /// read, for as long as `within`; nobody is kept waiting. What could not be looked at is unmeasurable.
    fn soundness(&self, within: Duration) -> Pending<'_, Vec<Check>>;

    /// Takes a restore point: durable and verified as far as the configuration asks when this returns. Nothing is left
    /// behind where it fails.
    ///
    /// # Errors
    /// What could not be read, written or verified; a migration that runs.
    fn back_up<'a>(&'a self, order: &'a BackupOrder, ports: Ports<'a>) -> Pending<'a, Result<RestorePoint, PortError>>;

    /// Registers a dump of another tool where it lies.
    ///
    /// # Errors
    /// What is not there, may not be read, or is no dump that can be read.
    fn import<'a>(
        &'a self,
        dump: ForeignDump<'a>,
        order: &'a BackupOrder,
        ports: Ports<'a>,
    ) -> Pending<'a, Result<RestorePoint, PortError>>;

    /// Verifies a restore point up to a level. Where one is given that was taken before it, [`Level::V3`] is only reached
    /// where no table was emptied in between: a dump of an emptied table is a good dump of bad data.
    ///
    /// # Errors
    /// Where it could not be found out: that is not a verdict on the restore point.
    fn verify<'a>(
        &'a self,
        point: &'a RestorePoint,
        level: Level,
        previous: Option<&'a RestorePoint>,
        ports: Ports<'a>,
    ) -> Pending<'a, Result<Verification, PortError>>;

    /// Whether everything that is stored of a restore point is there, by name and size: quick at any size, and no word on
    /// what is in it.
    fn is_stored<'a>(&'a self, point: &'a RestorePoint) -> Pending<'a, Preflight>;

    /// Removes what is stored of a restore point.
    ///
    /// # Errors
    /// What could not be removed.
    fn release<'a>(&'a self, point: &'a RestorePoint) -> Pending<'a, Result<(), PortError>>;

    /// What going back to a restore point would lose, as far as can be said in a few seconds.
    ///
    /// # Errors
    /// Where the database cannot be reached.
    fn estimate<'a>(&'a self, manifest: &'a Manifest) -> Pending<'a, Result<LossEstimate, PortError>>;

    /// What taking the last swap back would lose: what was written since applications got the database that is in use.
    ///
    /// # Errors
    /// Where the database cannot be reached, or bears no mark of when that was.
    fn estimate_undo(&self) -> Pending<'_, Result<LossEstimate, PortError>>;

    /// Keeps the down scripts of the release that is deployed now; `None` where no migrations are configured.
    ///
    /// # Errors
    /// Where the files cannot be had.
    fn vault<'a>(&'a self, blobs: &'a dyn Blobs) -> Pending<'a, Result<Option<BlobRef>, PortError>>;

    /// The migrations of a vault, else of the release that is deployed now; `None` where no migrations are configured.
    ///
    /// # Errors
    /// Where the files cannot be had or understood.
    fn migrations<'a>(
        &'a self,
        vault: Option<&'a BlobRef>,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Option<MigrationGraph>, PortError>>;

    /// Does a step. Ends when it was done; whether it is so is looked at afterwards.
    ///
    /// # Errors
    /// What went wrong. What was there before is there, unless the error says otherwise.
    fn perform<'a>(&'a self, step: &'a DataStep, ports: Ports<'a>) -> Pending<'a, Result<DataDone, PortError>>;

    /// Looks whether the state that a step names is there: what was seen, and whether that is it.
    ///
    /// # Errors
    /// Where it cannot be found out.
    fn reached<'a>(
        &'a self,
        step: &'a DataStep,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<(bool, String), PortError>>;

    /// Takes a step back that failed or must not stand. Answers with what is there then.
    ///
    /// # Errors
    /// Where what was there before could not be brought back.
    fn undo<'a>(&'a self, step: &'a DataStep, ports: Ports<'a>) -> Pending<'a, Result<String, PortError>>;
}

/// A dump that another tool made, and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignDump<'a> {
    /// This one: a file or a folder of the machine, or `s3://BUCKET/KEY`.
    At(&'a str),
    /// The one that was written last of those whose names begin so: `s3://BUCKET/PREFIX`.
    NewestUnder(&'a str),
}

impl std::fmt::Display for ForeignDump<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(place) => f.write_str(place),
            Self::NewestUnder(place) => write!(f, "the newest below {place}"),
        }
    }
}

/// What a restore point is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupOrder {
    /// Its identifier.
    pub id: BackupId,
    /// The run that takes it; `None` when a person does.
    pub run: Option<RunId>,
    /// The vault of the release that runs, where there is one.
    pub vault: Option<BlobRef>,
    /// Whether it is of a database as it is, to be looked at later: a migration that has failed half-way is no reason against it.
    pub is_as_it_is: bool,
}

/// What a long act on a database needs beside it.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Captured content: manifests and vaults.
    pub blobs: &'a dyn Blobs,
    /// Looks on.
    pub progress: &'a dyn Progress,
}

/// Told how far long work is. Best effort; never delays the work.
pub trait Progress: Send + Sync {
    /// `done` of `of` bytes of `what` are done; `of` is an estimate, and `None` where there is none.
    fn moved(&self, what: &str, done: u64, of: Option<u64>);

    /// An act came to a point that it is in doubt at when it is interrupted there: `frozen`, `swapped`.
    fn passed(&self, point: &str) {
        let _ = point;
    }
}

/// What a step on a database came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataDone {
    /// What was done and measured, in a sentence.
    pub seen: String,
    /// The rows that were lost, after [`crate::data::DataAct::ReportLoss`].
    pub loss: Option<LossReport>,
    /// Files of evidence: the output of a migration tool.
    pub evidence: Vec<Evidence>,
    /// What was seen of the data; empty where nothing was looked at.
    pub proof: DataProof,
}
