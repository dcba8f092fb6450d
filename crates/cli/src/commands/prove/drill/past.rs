//! Past drills, and whether the next one is due.

use std::process::ExitCode;

use backout_core::journal::RunResult;
use backout_core::port::{Clock, Store};
use backout_core::report::{DRILL_KINDS, DrillReport, drill_is_due, drills};
use backout_engine::clock::SystemClock;
use jiff::Timestamp;
use serde::Serialize;

use crate::error::CliError;
use crate::ui::date_time;
use crate::wire::Setup;

/// How well going back is rehearsed.
#[derive(Debug, Serialize)]
pub(crate) struct DrillStanding {
    /// Whether drills are allowed.
    pub(crate) is_allowed: bool,
    /// When the last good one began.
    pub(crate) last_good_at: Option<Timestamp>,
    /// Why the next one is due, where it is.
    pub(crate) due: Option<String>,
}

impl DrillStanding {
    /// How it is now; nothing where no drills are configured.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub(crate) async fn of(setup: &Setup) -> Result<Option<Self>, CliError> {
        let Some(policy) = &setup.environment.drill else { return Ok(None) };
        let all = all(setup).await?;
        let last_good = all.iter().rev().find(|drill| drill.is_good);
        Ok(Some(Self {
            is_allowed: policy.allowed,
            last_good_at: last_good.map(|drill| drill.at),
            due: drill_is_due(&all, policy.every, SystemClock.now()),
        }))
    }
}

#[derive(Serialize)]
struct Drills {
    drills: Vec<DrillReport>,
    standing: Option<DrillStanding>,
}

/// What all drills of an environment came to, oldest first.
pub(super) async fn all(setup: &Setup) -> Result<Vec<DrillReport>, CliError> {
    Ok(drills(&setup.store.records(&setup.environment.name, &DRILL_KINDS).await?))
}

/// `drill list`.
pub(super) async fn list(setup: &Setup) -> Result<ExitCode, CliError> {
    let document = Drills { drills: all(setup).await?, standing: DrillStanding::of(setup).await? };
    if setup.ui.json {
        setup.ui.document(&document)?;
        return Ok(ExitCode::SUCCESS);
    }
    document.drills.iter().for_each(|report| setup.ui.data(&line(report)));
    if document.drills.is_empty() {
        setup.ui.say("no drill yet: `backout drill`");
    }
    if let Some(due) = document.standing.and_then(|standing| standing.due) {
        setup.ui.warn(&due);
    }
    Ok(ExitCode::SUCCESS)
}

/// A drill in one line.
pub(super) fn line(report: &DrillReport) -> String {
    let what = format!("{} `{}` ({})", date_time(report.at), report.service, report.how);
    let after = |what: &str, ms: Option<i64>| {
        ms.map_or_else(|| format!("not {what}"), |ms| format!("{what} after {}", seconds(ms)))
    };
    let (noticed, back) = (after("noticed", report.to_notice_ms), after("back and verified", report.in_all_ms));
    let late =
        report.objective_ms.filter(|objective| report.in_all_ms.is_some_and(|ms| ms > (*objective).cast_signed()));
    let late = late.map(|objective| format!(", too late: {}", seconds(objective.cast_signed()))).unwrap_or_default();
    let run = &report.run;
    match (report.is_good, report.result) {
        (true, _) => format!("good: {what}: {noticed}, {back}; run {run}"),
        (false, RunResult::RolledBack) => format!("NOT GOOD: {what}: {noticed}, {back}{late}; run {run}"),
        (false, RunResult::NotVerified | RunResult::Held) => format!("NOT BACK: {what}: a person is needed; run {run}"),
        (false, _) => format!("not done: {what}; run {run}"),
    }
}

/// Milliseconds as seconds with one decimal.
pub(super) fn seconds(ms: i64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}
