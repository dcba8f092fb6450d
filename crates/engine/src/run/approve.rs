//! Waiting until people have said enough about a plan.
//!
//! Contract: they say it beside this run, from other processes that share the journal, and need no lease for it. What was said
//! before whoever waited was killed is still there for whoever goes on.

use std::time::Duration;

use backout_core::journal::{Body, Record};
use backout_core::policy::{ApprovalsOutcome, Asked, agreed, approvals_outcome};
use backout_core::run::State;
use jiff::Timestamp;

use crate::error::EngineError;
use crate::run::drive::Driver;

/// Time between two looks at the journal.
const LOOKS_EVERY: Duration = Duration::from_millis(500);

impl Driver<'_> {
    /// Waits until enough people agree, one does not, or the time is over.
    pub(in crate::run) async fn await_approvals(&self, by: Timestamp) -> Result<Body, EngineError> {
        let nobody = || ApprovalsOutcome::TooLate { by: [].into() };
        let Some(asked) = asked(self.machine.state(), &self.run) else {
            return Ok(Body::ApprovalsEnded { outcome: nobody() });
        };
        let clock = &self.world.clock;
        let mut told = 0;
        loop {
            let records = self.world.store.records(&self.world.environment.name, &["approved"]).await?;
            told = self.tell(&records, told);
            if let Some(outcome) = approvals_outcome(&records, &asked) {
                return Ok(Body::ApprovalsEnded { outcome });
            }
            let left = Duration::try_from(by.duration_since(clock.now())).unwrap_or_default();
            if left.is_zero() {
                let by = agreed(&records, &asked);
                return Ok(Body::ApprovalsEnded { outcome: ApprovalsOutcome::TooLate { by } });
            }
            clock.sleep(left.min(LOOKS_EVERY)).await;
        }
    }

    /// Tells whoever looks on what was said since a record, and answers with the last of them.
    fn tell(&self, records: &[Record], since: i64) -> i64 {
        let new = records.iter().filter(|record| record.seq > since && record.run.as_ref() == Some(&self.run));
        new.inspect(|record| self.world.watcher.recorded(record)).map(|record| record.seq).max().unwrap_or(since)
    }
}

/// What people are asked about by a run that waits for them.
#[must_use]
pub fn asked<'a>(state: &'a State, run: &'a backout_core::id::RunId) -> Option<Asked<'a>> {
    let (plan, _) = state.asked_people.as_ref()?;
    let (needed, started) = (state.needed_people()?, state.started.as_ref()?);
    let named = &state.plan.as_ref()?.request.data.approved_by;
    Some(Asked { run, starter: &started.actor, plan, needed, named })
}
