//! Runs, as the lines of a history.

use std::collections::HashMap;

use backout_core::id::{EnvironmentName, RunId};
use backout_core::journal::{Body, Record, RunKind, RunResult, RunStarted};
use jiff::Timestamp;
use serde::Serialize;

/// The kinds that [`runs`] reads.
pub const RUN_KINDS: [&str; 2] = ["run_started", "run_ended"];

/// One run in a line of history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// Which.
    pub id: RunId,
    /// Where.
    pub environment: EnvironmentName,
    /// What kind.
    pub kind: RunKind,
    /// Who started it.
    pub actor: String,
    /// Why, in the person's words.
    pub reason: Option<String>,
    /// When.
    pub started: Timestamp,
    /// How it ended; `None` while it is open: running, waiting or interrupted.
    pub ending: Option<Ending>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// How.
    pub result: RunResult,
    /// In a sentence.
    pub summary: String,
}

/// Every run, oldest first. Records go in oldest first, as [`backout_core::port::Store::records`] gives them with
/// [`RUN_KINDS`].
#[must_use]
pub fn runs(records: &[Record]) -> Vec<RunSummary> {
    let mut all: Vec<RunSummary> = Vec::new();
    let mut places: HashMap<&RunId, usize> = HashMap::new();
    for record in records {
        let Some(run) = &record.run else { continue };
        match &record.body {
            Body::RunStarted(started) => {
                places.insert(run, all.len());
                all.push(summary(run, record.at, started));
            }
            Body::RunEnded { result, summary } => {
                if let Some(open) = places.get(run).and_then(|place| all.get_mut(*place)) {
                    open.ending = Some(Ending { at: record.at, result: *result, summary: summary.clone() });
                }
            }
            _ => {}
        }
    }
    all
}

fn summary(id: &RunId, at: Timestamp, started: &RunStarted) -> RunSummary {
    RunSummary {
        id: id.clone(),
        environment: started.environment.clone(),
        kind: started.run.clone(),
        actor: started.actor.clone(),
        reason: started.reason.clone(),
        started: at,
        ending: None,
    }
}
