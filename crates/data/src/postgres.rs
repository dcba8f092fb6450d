//! One PostgreSQL database behind the port. Nothing is done here: every method hands over to the part whose job it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backout_core::data::{
    BaseBackup, DataAct, DataStep, DatabaseFact, DatabaseReadiness, KeptDatabase, Level, LossEstimate, Manifest,
    MigrationGraph, Preserve, RestorePoint, Verification,
};
use backout_core::inventory::BlobRef;
use backout_core::policy::Check;
use backout_core::port::{
    BackupOrder, Blobs, DataDone, Database, ForeignDump, Pending, PortError, Ports, Preflight, Progress,
};

use crate::beside::Dumped;
use crate::loss::{ReimportOptions, ReimportReport};
use crate::{Target, backup, beside, look, loss, marks, migrate, recovery, stored, swap, verify};

/// One PostgreSQL database.
#[derive(Clone)]
pub struct Postgres {
    target: Arc<Target>,
}

impl Postgres {
    /// The database that `target` says.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self { target: Arc::new(target) }
    }

    /// Puts back what an earlier run kept in the schema `kept_in` before it undid migrations, in batches. For after the
    /// release that needs it was deployed, and its migrations applied, again. Answers with a sentence for each thing that
    /// was put back; what was is kept no more.
    ///
    /// # Errors
    /// Where a table or column is not there again, or a value does not fit; what was not put back stays kept.
    pub async fn reapply(&self, kept_in: &str) -> Result<Vec<String>, PortError> {
        migrate::reapply(&self.target, kept_in).await
    }

    /// Everything that earlier runs kept when they undid migrations and that was not put back yet, by the schema that keeps
    /// it, the oldest first: what [`Self::reapply`] takes.
    ///
    /// # Errors
    /// Where the database cannot be reached or the role may not read what was kept.
    pub async fn preserved(&self) -> Result<Vec<(String, Vec<Preserve>)>, PortError> {
        migrate::preserved(&*self.target.session().await?).await
    }

    /// Puts the rows of a loss report's file back into the database beside what was written since: three-way, and nothing
    /// that both sides changed is overwritten.
    ///
    /// # Errors
    /// A file that cannot be read, more rows than wanted, a server that does not answer. What was committed before has a
    /// file in the folder of reports that takes it back.
    pub async fn reimport(&self, report: &Path, options: &ReimportOptions) -> Result<ReimportReport, PortError> {
        loss::reimport(&self.target, report, options).await
    }

    /// The databases on the server that earlier runs have put aside, the oldest first. A size is 0 where the role may not
    /// see it.
    ///
    /// # Errors
    /// Where the server cannot be reached.
    pub async fn kept(&self) -> Result<Vec<KeptDatabase>, PortError> {
        marks::list(&*self.target.maintenance().await?).await
    }

    /// Drops a database that an earlier run has put aside, once it need not be kept any longer; before that only by `force`,
    /// which drops replication slots and subscriptions of others in it as well. It is the last place where its rows are, so
    /// a dump of it is restored and compared with it before, unless none is wanted. Answers in a sentence.
    ///
    /// # Errors
    /// A database that does not bear our mark, or must be kept, or has rows that the dump has not, or cannot be dropped.
    pub async fn drop_kept(
        &self,
        dbname: &str,
        force: bool,
        dumped: Dumped<'_>,
        progress: &dyn Progress,
    ) -> Result<String, PortError> {
        beside::drop_kept(&self.target, dbname, (force, dumped), progress).await
    }

    /// Makes a base backup of the whole server, for recovery to a moment, in the folder that is configured. Answers with its
    /// path; it is there whole, or not at all.
    ///
    /// # Errors
    /// Where no folder is configured, or the server gives none.
    pub async fn base_backup(&self, progress: &dyn Progress) -> Result<std::path::PathBuf, PortError> {
        recovery::base_backup(&self.target, progress).await
    }

    /// The base backups in the folder that is configured, the oldest first; none where no folder is configured.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub async fn base_backups(&self) -> Result<Vec<BaseBackup>, PortError> {
        recovery::base_backups(&self.target).await
    }

    /// Removes a base backup from that folder. Which may go, [`backout_core::data::bases_to_release`] says.
    ///
    /// # Errors
    /// What could not be removed; it is no base backup any more then.
    pub async fn release_base(&self, base: &BaseBackup) -> Result<(), PortError> {
        recovery::release_base(&self.target, base).await
    }
}

impl Database for Postgres {
    fn look(&self) -> Pending<'_, DatabaseFact> {
        Box::pin(look::look(&self.target))
    }

    fn readiness(&self) -> Pending<'_, Result<DatabaseReadiness, PortError>> {
        Box::pin(look::readiness(&self.target))
    }

    fn soundness(&self, within: Duration) -> Pending<'_, Vec<Check>> {
        Box::pin(look::soundness(&self.target, within))
    }

    fn back_up<'a>(&'a self, order: &'a BackupOrder, ports: Ports<'a>) -> Pending<'a, Result<RestorePoint, PortError>> {
        Box::pin(backup::take(&self.target, order, ports))
    }

    fn import<'a>(
        &'a self,
        dump: ForeignDump<'a>,
        order: &'a BackupOrder,
        ports: Ports<'a>,
    ) -> Pending<'a, Result<RestorePoint, PortError>> {
        Box::pin(backup::import(&self.target, dump, order, ports))
    }

    fn verify<'a>(
        &'a self,
        point: &'a RestorePoint,
        level: Level,
        previous: Option<&'a RestorePoint>,
        ports: Ports<'a>,
    ) -> Pending<'a, Result<Verification, PortError>> {
        Box::pin(verify::verify(&self.target, point, (level, previous), ports))
    }

    fn is_stored<'a>(&'a self, point: &'a RestorePoint) -> Pending<'a, Preflight> {
        Box::pin(stored::is_stored(&self.target, point))
    }

    fn release<'a>(&'a self, point: &'a RestorePoint) -> Pending<'a, Result<(), PortError>> {
        Box::pin(backup::release(&self.target, point))
    }

    fn estimate<'a>(&'a self, manifest: &'a Manifest) -> Pending<'a, Result<LossEstimate, PortError>> {
        Box::pin(loss::estimate(&self.target, manifest))
    }

    fn estimate_undo(&self) -> Pending<'_, Result<LossEstimate, PortError>> {
        Box::pin(loss::estimate_undo(&self.target))
    }

    fn vault<'a>(&'a self, blobs: &'a dyn Blobs) -> Pending<'a, Result<Option<BlobRef>, PortError>> {
        Box::pin(migrate::vault(&self.target, blobs))
    }

    fn migrations<'a>(
        &'a self,
        vault: Option<&'a BlobRef>,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Option<MigrationGraph>, PortError>> {
        Box::pin(migrate::migrations(&self.target, vault, blobs))
    }

    fn perform<'a>(&'a self, step: &'a DataStep, ports: Ports<'a>) -> Pending<'a, Result<DataDone, PortError>> {
        match part(&step.act) {
            Part::Beside => Box::pin(beside::perform(&self.target, step, ports)),
            Part::Swap => Box::pin(swap::perform(&self.target, step, ports)),
            Part::Migrate => Box::pin(migrate::perform(&self.target, step, ports)),
            Part::Loss => Box::pin(loss::perform(&self.target, step, ports)),
        }
    }

    fn reached<'a>(
        &'a self,
        step: &'a DataStep,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<(bool, String), PortError>> {
        match part(&step.act) {
            Part::Beside => Box::pin(beside::reached(&self.target, step, blobs)),
            Part::Swap => Box::pin(swap::reached(&self.target, step, blobs)),
            Part::Migrate => Box::pin(migrate::reached(&self.target, step, blobs)),
            Part::Loss => Box::pin(loss::reached(&self.target, step, blobs)),
        }
    }

    fn undo<'a>(&'a self, step: &'a DataStep, ports: Ports<'a>) -> Pending<'a, Result<String, PortError>> {
        match part(&step.act) {
            Part::Beside => Box::pin(beside::undo(&self.target, step, ports)),
            Part::Swap => Box::pin(swap::undo(&self.target, step, ports)),
            Part::Migrate => Box::pin(migrate::undo(&self.target, step, ports)),
            Part::Loss => Box::pin(loss::undo(&self.target, step, ports)),
        }
    }
}

/// The part of this crate whose job an act is.
enum Part {
    Beside,
    Swap,
    Migrate,
    Loss,
}

fn part(act: &DataAct) -> Part {
    match act {
        DataAct::RestoreBeside { .. }
        | DataAct::ReplaceTables { .. }
        | DataAct::DropCopy { .. }
        | DataAct::KeepDump
        | DataAct::RestoreInPlace { .. } => Part::Beside,
        DataAct::Swap { .. } => Part::Swap,
        DataAct::ReverseMigrations { .. } | DataAct::SoftRestore { .. } => Part::Migrate,
        DataAct::UndoRows { .. } | DataAct::ReportLoss { .. } => Part::Loss,
    }
}
