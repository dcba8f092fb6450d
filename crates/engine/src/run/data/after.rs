//! What a deploy did to databases: their schemas, the way back of their migrations, and whether their data is still sound.

use std::time::Duration;

use backout_core::detect::broken_integrity;
use backout_core::id::DatabaseName;
use backout_core::inventory::{DatabasesAfter, databases_after};
use backout_core::journal::Body;
use backout_core::policy::Judgement;

use crate::error::EngineError;
use crate::look::{checks, look_at_databases};
use crate::run::drive::Driver;
use crate::run::judge::Soak;

/// How long it may take to copy the migrations of a release.
const KEPT_WITHIN: Duration = Duration::from_secs(60);
/// Time between two looks at the integrity of data.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How many looks in a row must find it broken.
const LOOKS: u32 = 3;

impl Driver<'_> {
    /// What became of the databases since the checkpoint before the deploy.
    pub(in crate::run) async fn databases_after(&self) -> Result<DatabasesAfter, EngineError> {
        if self.world.databases.is_empty() {
            return Ok(DatabasesAfter::default());
        }
        let before = match self.former().await? {
            Some(former) => Some(former),
            None => self.checkpoint(self.machine.state().last_checkpoint.as_ref().map(|(id, _)| id)).await?,
        };
        let before = before.map(|checkpoint| checkpoint.databases).unwrap_or_default();
        Ok(databases_after(&before, &look_at_databases(self.world).await))
    }

    /// Keeps the down scripts of the release that was deployed while it is there: the release that comes back does not have
    /// them. Where they cannot be had, the plan says so if it would need them.
    pub(in crate::run) async fn keep_vaults(&self) -> Result<(), EngineError> {
        for name in self.world.databases.keys() {
            self.keep_vault(name).await?;
        }
        Ok(())
    }

    async fn keep_vault(&self, name: &DatabaseName) -> Result<(), EngineError> {
        let Some(database) = self.world.databases.get(name) else { return Ok(()) };
        let kept = tokio::select! {
            kept = database.vault(self.world.blobs.as_ref()) => kept,
            () = self.world.clock.sleep(KEPT_WITHIN) => return Ok(()),
        };
        if let Ok(Some(vault)) = kept {
            self.append(&Body::VaultKept { database: name.clone(), vault }).await?;
        }
        Ok(())
    }
}

impl Soak<'_> {
    /// Watches the integrity of data: ends once something that was sound before the deploy has not been so for several looks
    /// in a row. A migration that is still running may show something unsound for a moment.
    pub(in crate::run) async fn watch_integrity(&self) -> Judgement {
        let has_queries = self.world.environment.databases.values().any(|database| !database.integrity.is_empty());
        if !has_queries {
            return std::future::pending().await;
        }
        let (mut bad, mut first_bad_at) = (0, None);
        loop {
            let begun = self.world.clock.now();
            let found = self.judge_data().await;
            let took = Duration::try_from(self.world.clock.now().duration_since(begun)).unwrap_or_default();
            match found {
                None => (bad, first_bad_at) = (0, None),
                Some(judgement) => {
                    bad += 1;
                    first_bad_at = first_bad_at.or(judgement.first_bad_at);
                    if bad >= LOOKS {
                        return Judgement { first_bad_at, ..judgement };
                    }
                }
            }
            // Queries that take long are asked less often: the database has other things to do.
            self.world.clock.sleep(LOOK_EVERY.max(took.saturating_mul(10))).await;
        }
    }

    /// The verdict where data that was sound before the deploy is so no more.
    pub(in crate::run) async fn judge_data(&self) -> Option<Judgement> {
        let now = look_at_databases(self.world).await;
        let now: Vec<_> = now.iter().flat_map(checks).collect();
        broken_integrity(&self.state.checks_before, &now, self.world.clock.now())
    }
}
