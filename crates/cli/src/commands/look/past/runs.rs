//! Runs in words.

use std::time::Duration;

use backout_core::journal::RunKind;
use backout_core::report::result_text;
use backout_engine::store::RunSummary;

/// What a run is: `guard sh deploy.sh`, `rollback`.
pub(crate) fn what(run: &RunSummary) -> String {
    match &run.kind {
        RunKind::Guard { command } => format!("guard `{}`", command.join(" ")),
        RunKind::Drill(drill) => format!("drill `{}` ({})", drill.service, drill.how),
        RunKind::Rollback => "rollback".to_owned(),
        RunKind::Noticed(noticed) => format!("noticed {}", noticed.words()),
        RunKind::WentDown => "went down".to_owned(),
    }
}

/// How a run ended, in one or two words.
pub(crate) fn result(run: &RunSummary) -> &'static str {
    run.ending.as_ref().map_or("open", |ending| result_text(ending.result))
}

/// How long a run took, if it has ended.
pub(crate) fn took(run: &RunSummary) -> Option<Duration> {
    let ending = run.ending.as_ref()?;
    Duration::try_from(ending.at.duration_since(run.started)).ok()
}
