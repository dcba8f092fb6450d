//! What is done to a database outside of any run: under the environment's lease, and recorded.

use std::sync::Arc;

use backout_core::id::{BackupId, DatabaseName, RunId};
use backout_core::journal::{ActStage, PersonAct};
use backout_core::port::PortError;
use backout_engine::World;

use crate::error::CliError;
use crate::ui::Narrator;
use crate::wire::{Session, Setup, interrupts};

/// Where such an act is done.
pub(super) struct Hand {
    /// The environment.
    pub(super) world: World,
    pub(super) narrator: Arc<Narrator>,
    by: String,
    session: Session,
}

/// One thing that is done.
pub(super) struct Deed<'a> {
    /// The command: `backup reimport`.
    pub(super) command: &'a str,
    /// The database.
    pub(super) database: &'a DatabaseName,
    /// What it is about.
    pub(super) subject: &'a str,
    /// The run whose consequences it deals with.
    pub(super) about: Option<&'a RunId>,
}

impl Hand {
    /// Takes the environment's lease for a command.
    ///
    /// # Errors
    /// [`crate::error::Exit::Held`] while somebody else has it.
    pub(super) async fn begin(setup: &Setup, command: &str) -> Result<Self, CliError> {
        let narrator = Arc::new(Narrator::new(setup.ui));
        let world = setup.world(None, narrator.clone(), interrupts()?)?;
        let session = Session::begin(setup, &world, command).await?;
        Ok(Self { world, narrator, by: setup.process.actor(), session })
    }

    /// Does it, and records before that it is done and afterwards what came of it.
    ///
    /// # Errors
    /// What the work fails with, that it could not be recorded, or that the lease was lost.
    pub(super) async fn does<T>(
        &self,
        deed: &Deed<'_>,
        work: impl Future<Output = Result<T, PortError>>,
        seen: impl FnOnce(&T) -> String,
    ) -> Result<T, CliError> {
        let act = PersonAct {
            by: self.by.clone(),
            command: deed.command.to_owned(),
            database: deed.database.clone(),
            subject: deed.subject.to_owned(),
            about: deed.about.cloned(),
            stage: ActStage::Intended,
        };
        self.session.run(backout_engine::by_hand(&self.world, self.session.lease(), &act, work, seen)).await
    }

    /// Lets go of old restore points.
    ///
    /// # Errors
    /// What could not be removed or recorded, or that the lease was lost.
    pub(super) async fn prune(&self, keep: Option<u32>) -> Result<Vec<BackupId>, CliError> {
        self.session.run(backout_engine::prune_backups(&self.world, self.session.lease(), keep)).await
    }

    /// Gives the lease back.
    pub(super) async fn finish(self) {
        self.narrator.finish();
        self.session.finish().await;
    }
}
