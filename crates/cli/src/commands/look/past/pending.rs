//! What an open run has decided and not done yet: until when a fix is waited for, and what the objectives ask for.

use backout_core::id::RunId;
use backout_core::journal::Body;
use backout_core::policy::{Choice, Severity};
use backout_core::port::Store;
use backout_engine::store::RunSummary;
use jiff::Timestamp;
use serde::Serialize;

use crate::error::CliError;
use crate::wire::Setup;

/// The last decision of an open run.
#[derive(Serialize)]
pub(crate) struct Pending {
    run: RunId,
    choice: Choice,
    severity: Option<Severity>,
    /// When the environment goes back unless it is healthy again.
    fix_by: Option<Timestamp>,
    /// When it is to be good again, by the objectives.
    restore_by: Option<Timestamp>,
}

/// The last decisions of open runs.
pub(crate) async fn pending(setup: &Setup, open: &[RunSummary]) -> Result<Vec<Pending>, CliError> {
    let mut all = Vec::new();
    for run in open {
        let records = setup.store.run(&run.id).await?;
        let last = records.iter().rev().find_map(|record| match &record.body {
            Body::Decided { decision } => Some(decision),
            _ => None,
        });
        all.extend(last.map(|decision| Pending {
            run: run.id.clone(),
            choice: decision.choice,
            severity: decision.severity(),
            fix_by: decision.fix_by(),
            restore_by: decision.weighed.as_ref().and_then(|weighed| weighed.restore_by),
        }));
    }
    Ok(all)
}

impl Pending {
    /// The decision, and how long there is left, one line each.
    pub(crate) fn lines(&self, now: Timestamp) -> Vec<String> {
        let severity = self.severity.map(|severity| format!(" ({severity})")).unwrap_or_default();
        let mut lines = vec![format!("decided: {}{severity}", self.choice.words())];
        lines.extend(self.fix_by.map(|by| format!("  goes back at {by:.0} unless healthy: {}", left(by, now))));
        lines.extend(self.restore_by.map(|by| format!("  to be good again by {by:.0}: {}", left(by, now))));
        lines
    }
}

/// How long there is left.
pub(super) fn left(by: Timestamp, now: Timestamp) -> String {
    match by.duration_since(now).as_secs() {
        ..=0 => "over".to_owned(),
        seconds => format!("{} min {} s left", seconds / 60, seconds % 60),
    }
}
