//! What the demo says: a few plain sentences before, and what came of it after.

use backout_core::journal::RunResult;
use backout_core::report::Times;
use jiff::Timestamp;

use super::stage::Stage;
use crate::args::Scenario;
use crate::ui::{Paint, span};

/// What is about to happen.
pub(super) fn opening(scenario: Scenario, stage: &Stage) -> Vec<String> {
    let second = match scenario {
        Scenario::BadDeploy => "starts, answers for a moment, and then fails under requests",
        Scenario::Crash => "ends as soon as it is started",
        Scenario::Slow => "starts well, and then answers too slowly",
        Scenario::GoodDeploy => "is good",
        Scenario::Killed => {
            "fails under requests; and half-way through the way back, the guarding process is killed with `kill -9`"
        }
    };
    vec![
        format!("A small web application runs in version 1, in {}.", stage.folder().display()),
        format!("Version 2 is about to be deployed. It {second}."),
        "backout records what runs, runs the deploy command, and watches. Nobody touches anything from here on."
            .to_owned(),
        String::new(),
    ]
}

/// How the run of a scenario ends.
pub(super) fn expected(scenario: Scenario) -> RunResult {
    match scenario {
        Scenario::GoodDeploy => RunResult::Kept,
        Scenario::BadDeploy | Scenario::Crash | Scenario::Slow | Scenario::Killed => RunResult::RolledBack,
    }
}

/// What came of it, with the times that were measured.
pub(super) fn closing(scenario: Scenario, times: &Times) -> Vec<String> {
    let mut lines = vec![String::new(), Paint::strong("What happened")];
    let Some(deployed) = times.deployed_at else { return lines };
    let mut told = |at: Option<Timestamp>, what: &str| {
        if let Some(at) = at {
            lines.push(format!("  {:>8}  {what}", after(deployed, at)));
        }
    };
    told(Some(deployed), "version 2 is deployed");
    told(times.first_bad_at, "first bad signal");
    match scenario {
        Scenario::GoodDeploy => {
            told(times.decided_at, "decided to keep it: every check held through the soak");
        }
        Scenario::Killed => {
            told(times.decided_at, "decided to go back; the guarding process is killed soon after");
            told(times.verified_at, "version 1 is back and verified, by `backout resume`");
        }
        Scenario::BadDeploy | Scenario::Crash | Scenario::Slow => {
            told(times.decided_at, "decided to go back");
            told(times.verified_at, "version 1 is back and verified");
        }
    }
    if let (Some(decide), Some(recover)) = (times.to_decide_ms, times.to_recover_ms) {
        lines.push(format!(
            "Measured: {decide} ms from the first bad signal to the decision, {recover} ms to verified."
        ));
    }
    lines
}

fn after(from: Timestamp, at: Timestamp) -> String {
    let since = std::time::Duration::try_from(at.duration_since(from)).unwrap_or_default();
    if since.is_zero() { "0 s".to_owned() } else { format!("+{}", span(since)) }
}

/// Where the record is.
pub(super) fn record(stage: &Stage, is_kept: bool) -> Vec<String> {
    let (folder, config) = (stage.folder().display(), stage.config());
    let config = config.display();
    if is_kept {
        return vec![
            format!("The record: backout -c {config} show"),
            format!("Everything is in {folder}; nothing of it runs any more."),
            format!("Start version 1 again: sh {folder}/deploy.sh 1"),
        ];
    }
    vec![
        "The record of the incident went with the folder; nothing is left behind.".to_owned(),
        "To keep it and look around: backout demo --keep DIR, then backout -c DIR/backout.yaml show".to_owned(),
    ]
}
