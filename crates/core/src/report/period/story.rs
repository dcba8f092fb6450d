//! Stories: what each ended run comes down to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::kind::Kind;
use crate::config::Objectives;
use crate::data::DataAct;
use crate::id::{RunId, ServiceName};
use crate::journal::{Body, Record, RunKind, RunResult, RunStarted};
use crate::plan::{Action, Mode, Plan};
use crate::policy::Verdict;
use crate::report::{Times, times};

/// What one ended run comes down to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Story {
    /// The run.
    pub run: RunId,
    /// How it would go back, or did.
    pub kind: Kind,
    /// Whether it guarded a deploy.
    pub is_deploy: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How.
    pub result: RunResult,
    /// Its turns.
    pub times: Times,
    /// From the commit to the end of its deploy, in milliseconds, where it was kept and somebody said when it was committed.
    pub lead_ms: Option<i64>,
    /// What it took back, or tried to; none where it took nothing back.
    pub scope: Option<Scope>,
    /// The services that it took back, or tried to.
    pub services: BTreeSet<ServiceName>,
    /// What it was for: what was seen to be bad, or what a person gave as the reason.
    pub cause: Option<String>,
}

/// How much went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One service.
    Service,
    /// Several.
    Stack,
    /// A database, alone or with services, by migrations or rows.
    Database,
    /// A database that is restored as a whole, alone or with services.
    Restore,
}

impl Scope {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Stack => "stack",
            Self::Database => "database",
            Self::Restore => "restore",
        }
    }

    /// How long going back so much may take.
    #[must_use]
    pub fn agreed(self, objectives: &Objectives) -> Option<Duration> {
        match self {
            Self::Service => objectives.service,
            Self::Stack => objectives.stack,
            Self::Database => objectives.database,
            Self::Restore => objectives.restore,
        }
    }
}

impl Story {
    /// Whether it took something back, or tried to.
    #[must_use]
    pub fn went_back(&self) -> bool {
        self.scope.is_some() && matches!(self.result, RunResult::RolledBack | RunResult::NotVerified)
    }
}

/// The stories of all runs that have ended, in the order in which they began; from records of any number of runs.
#[must_use]
pub fn stories(records: &[Record]) -> Vec<Story> {
    let mut runs: BTreeMap<&RunId, Vec<Record>> = BTreeMap::new();
    for record in records {
        if let Some(run) = &record.run {
            runs.entry(run).or_default().push(record.clone());
        }
    }
    let mut stories: Vec<Story> = runs.into_iter().filter_map(|(run, records)| story(run, &records)).collect();
    stories.sort_by(|a, b| (a.started_at, &a.run).cmp(&(b.started_at, &b.run)));
    stories
}

fn story(run: &RunId, records: &[Record]) -> Option<Story> {
    let (started_at, started) = records.iter().find_map(|record| match &record.body {
        Body::RunStarted(started) => Some((record.at, started)),
        _ => None,
    })?;
    let (ended_at, result) = records.iter().rev().find_map(|record| match &record.body {
        Body::RunEnded { result, .. } => Some((record.at, *result)),
        _ => None,
    })?;
    // A rehearsal is no incident.
    if matches!(started.run, RunKind::Drill(_)) {
        return None;
    }
    let acted = records.iter().any(|record| matches!(record.body, Body::StepIntended { .. }));
    let plan = records.iter().rev().find_map(|record| match &record.body {
        Body::PlanMade { plan } if acted => Some(plan.as_ref()),
        _ => None,
    });
    let services: BTreeSet<ServiceName> = plan.map(Plan::changed).unwrap_or_default().into_iter().collect();
    Some(Story {
        run: run.clone(),
        kind: Kind::of(started),
        is_deploy: matches!(started.run, RunKind::Guard { .. } | RunKind::Noticed(_)),
        started_at,
        ended_at,
        result,
        times: times(records),
        lead_ms: lead_ms(records, started, (started_at, result)),
        scope: plan.map(scope_of),
        services,
        cause: cause(records, started),
    })
}

fn lead_ms(records: &[Record], started: &RunStarted, (began, result): (Timestamp, RunResult)) -> Option<i64> {
    let committed_at = started.circumstances.committed_at.filter(|_| result == RunResult::Kept)?;
    let ended = records.iter().find(|record| matches!(record.body, Body::DeployEnded { .. }));
    let deployed_at = ended.map_or(began, |record| record.at);
    i64::try_from(deployed_at.duration_since(committed_at).as_millis()).ok().filter(|ms| *ms >= 0)
}

/// How much a plan takes back.
#[must_use]
pub fn scope_of(plan: &Plan) -> Scope {
    match (plan.is_changing_data(), plan.changed().len()) {
        (true, _) if restores_a_whole(plan) => Scope::Restore,
        (true, _) => Scope::Database,
        (false, 0 | 1) => Scope::Service,
        (false, _) => Scope::Stack,
    }
}

/// How long going back by a plan may take, by what was agreed.
#[must_use]
pub fn agreed_for(plan: &Plan, objectives: &Objectives) -> Option<Duration> {
    let of_emergency = objectives.emergency.filter(|_| plan.request.mode == Mode::Emergency);
    of_emergency.or_else(|| scope_of(plan).agreed(objectives))
}

/// Whether a whole database is built from a restore point or the log and comes into use. By the steps, not by the rung: tables
/// and rows need a copy as well, and a swap that is taken back restores nothing.
fn restores_a_whole(plan: &Plan) -> bool {
    let acts = || {
        plan.steps.iter().filter_map(|step| match &step.action {
            Action::Data(step) => Some(&step.act),
            _ => None,
        })
    };
    let is_swapped_in = |built: &str| acts().any(|act| matches!(act, DataAct::Swap { copy, .. } if copy == built));
    acts().any(|act| match act {
        DataAct::RestoreInPlace { .. } => true,
        DataAct::RestoreBeside { copy, .. } => is_swapped_in(copy),
        _ => false,
    })
}

/// What was seen to be bad first, else what a person said.
fn cause(records: &[Record], started: &RunStarted) -> Option<String> {
    let seen = records.iter().find_map(|record| match &record.body {
        Body::Judged { judgement } if judgement.verdict == Verdict::Unhealthy => {
            judgement.findings.iter().find(|finding| !finding.was_before).map(|finding| finding.subject.clone())
        }
        _ => None,
    });
    seen.or_else(|| started.reason.clone())
}
