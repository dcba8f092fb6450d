//! A restore point of a database as it is, as a step of a rollback: taken before what destroys the database.
//!
//! Architecture invariants: nothing is destroyed before what is kept of it is durable, verified as far as the configuration
//! asks, and in the journal; a step in doubt is looked for in the journal, not repeated.

use std::time::Duration;

use backout_core::data::DataStep;
use backout_core::id::{BackupId, StepId};
use backout_core::journal::{Body, Record, StepOutcome};
use backout_core::port::{BackupOrder, Database, PortError};
use backout_core::report::bytes_text;

use crate::run::switch::{Act, in_words};

/// What to do where it cannot be taken.
const OTHERWISE: &str = "nothing was dropped; `--force damaged-not-kept` goes on without it";

impl Act<'_> {
    /// Takes the restore point, while those who write to the database are stopped.
    pub(super) async fn keep_dump(&self, step: &DataStep, database: &dyn Database, limit: Duration) -> StepOutcome {
        let vault = database.vault(self.world.blobs.as_ref()).await.unwrap_or_default();
        let id = BackupId::mint(self.world.clock.now(), (self.world.salt)());
        let order = BackupOrder { id, run: Some(self.run.clone()), vault, is_as_it_is: true };
        let taken = tokio::select! {
            taken = database.back_up(&order, self.world.ports()) => taken,
            () = self.world.clock.sleep(limit) => Err(PortError::new(format!("took longer than {} s", limit.as_secs()))),
        };
        let failed = |error: &PortError| StepOutcome::Failed {
            why: format!("`{}` could not be dumped as it is: {}; {OTHERWISE}", step.database, in_words(error)),
        };
        let point = match taken {
            Ok(point) => point,
            Err(error) => return failed(&error),
        };
        let stored: u64 = point.objects.iter().map(|object| object.bytes).sum();
        let seen = format!("restore point `{}` of `{}` as it is: {}", point.id, step.database, bytes_text(stored));
        match self.record(&Body::BackupTaken { point: Box::new(point) }).await {
            Ok(()) => StepOutcome::Done { seen },
            Err(error) => failed(&error),
        }
    }

    /// Looks whether one was recorded since the step was begun the last time.
    pub(super) async fn kept_dump(&self, id: StepId, step: &DataStep) -> StepOutcome {
        match self.world.store.run(self.run).await {
            Ok(records) => match recorded(&records, id, step) {
                Some(point) => StepOutcome::AlreadyThere { seen: format!("restore point `{point}` was taken") },
                None => StepOutcome::NotThere { seen: "no restore point was recorded".to_owned() },
            },
            Err(error) => StepOutcome::Unclear { why: format!("the journal could not be read: {error}") },
        }
    }
}

fn recorded(records: &[Record], id: StepId, of: &DataStep) -> Option<BackupId> {
    let begun = |record: &Record| matches!(&record.body, Body::StepIntended { step, .. } if *step == id);
    let since = records.iter().rposition(begun)?;
    records[since..].iter().find_map(|record| match &record.body {
        Body::BackupTaken { point } if point.database == of.database => Some(point.id.clone()),
        _ => None,
    })
}
