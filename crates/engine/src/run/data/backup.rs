//! Restore points before a deploy.
//!
//! Architecture invariant: nothing is changed before the way back is recorded. Where the configuration wants a restore
//! point, no deploy command is started without one that is durable, verified as far as was asked, and in the journal.

use std::collections::BTreeMap;

use backout_core::data::RestorePoint;
use backout_core::id::{BackupId, DatabaseName};
use backout_core::journal::Body;
use backout_core::port::{BackupOrder, PortError};

use crate::error::EngineError;
use crate::run::drive::Driver;

impl Driver<'_> {
    /// Takes a restore point of every database that wants one before a deploy, and records it. The inner error says why
    /// there is none: nothing may be changed then.
    pub(in crate::run) async fn back_up(
        &self,
    ) -> Result<Result<BTreeMap<DatabaseName, RestorePoint>, PortError>, EngineError> {
        let mut points = BTreeMap::new();
        for (name, configured) in &self.world.environment.databases {
            if !configured.backup.as_ref().is_some_and(|backup| backup.before_deploy) {
                continue;
            }
            match self.back_up_one(name).await? {
                Ok(point) => _ = points.insert(name.clone(), point),
                Err(error) => return Ok(Err(named(name, error))),
            }
        }
        Ok(Ok(points))
    }

    async fn back_up_one(&self, name: &DatabaseName) -> Result<Result<RestorePoint, PortError>, EngineError> {
        let Some(database) = self.world.databases.get(name) else {
            return Ok(Err(PortError::new("nobody knows how it is reached")));
        };
        // The scripts of what runs now help whoever goes on from this restore point; they are no part of the way back to it.
        let vault = database.vault(self.world.blobs.as_ref()).await.unwrap_or_default();
        let id = BackupId::mint(self.world.clock.now(), (self.world.salt)());
        let order = BackupOrder { id, run: Some(self.run.clone()), vault, is_as_it_is: false };
        let taken = tokio::select! {
            taken = database.back_up(&order, self.world.ports()) => taken,
            () = self.world.interrupted() => return Err(EngineError::Interrupted),
        };
        if let Ok(point) = &taken {
            self.append(&Body::BackupTaken { point: Box::new(point.clone()) }).await?;
        }
        Ok(taken)
    }
}

fn named(name: &DatabaseName, error: PortError) -> PortError {
    PortError { what: format!("database `{name}` could not be backed up: {}", error.what), hint: error.hint }
}
