//! The summary: counts, shares and spreads over stories.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::goal::Goals;
use super::kind::{Figures, Kind, by_kind};
use super::story::{Scope, Story};
use crate::config::Objectives;
use crate::id::ServiceName;
use crate::journal::RunResult;
use crate::report::DrillReport;

/// What a time of deploys and rollbacks was like.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Period {
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Guarded deploys that ended, by how.
    pub deploys: BTreeMap<RunResult, usize>,
    /// Deploys a day.
    pub deploys_a_day: f64,
    /// Deploys that were kept out or taken back, or that a person had to look at, of those that were not refused: what DORA
    /// calls the change failure rate.
    pub change_failures: Share,
    /// Rollbacks that were verified, of those that changed something.
    pub rollbacks: Share,
    /// From the commit to the end of the deploy, of deploys that were kept.
    pub lead: Option<Spread>,
    /// From the first bad sample to the decision.
    pub to_decide: Option<Spread>,
    /// From the decision, or the start of a rollback that a person asked for, to verified.
    pub to_go_back: Option<Spread>,
    /// From the first bad sample to verified: what DORA calls the time to recover from a failed deployment.
    pub to_recover: Option<Spread>,
    /// Rollbacks that were verified within what was agreed, of those for which something was, by how much went back.
    pub objectives: BTreeMap<Scope, Share>,
    /// Emergencies that were verified within what was agreed for them; nothing where nothing was.
    pub emergencies: Share,
    /// Times that something was switched on in place of going back within what was agreed; nothing where nothing was.
    pub fallbacks: Share,
    /// What was agreed of this time as a whole, and what it came to.
    pub goals: Goals,
    /// Ways back by their kind; drills count here alone.
    pub by_kind: BTreeMap<Kind, Figures>,
    /// From the end of the last step to verified.
    pub verifying: Option<Spread>,
    /// The share of the time to go back that verifying took, 0 to 1.
    pub verifying_share: Option<f64>,
    /// Rollbacks, by service.
    pub by_service: BTreeMap<ServiceName, usize>,
    /// Rollbacks, by what was seen to be bad or given as the reason.
    pub by_cause: BTreeMap<String, usize>,
}

/// Some of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Share {
    /// Some.
    pub some: usize,
    /// All.
    pub all: usize,
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Spread {
    /// How often it was measured.
    pub times: usize,
    /// What it took on average.
    pub average_ms: i64,
    /// Half took no longer than this.
    pub median_ms: i64,
    /// 95 of 100 took no longer than this.
    pub p95_ms: i64,
}

impl Share {
    pub(super) fn count(&mut self, is_one: bool) {
        self.all += 1;
        self.some += usize::from(is_one);
    }

    /// In hundredths; none of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of runs")]
    pub fn percent(&self) -> Option<f64> {
        (self.all > 0).then(|| self.some as f64 * 100.0 / self.all as f64)
    }
}

impl Spread {
    /// The average and the nearest ranks of these; none of nothing.
    pub(super) fn of(mut all: Vec<i64>) -> Option<Self> {
        all.sort_unstable();
        let average_ms = all.iter().sum::<i64>().checked_div(i64::try_from(all.len()).ok()?)?;
        let rank = |percent: usize| all.get((all.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self { times: all.len(), average_ms, median_ms: rank(50)?, p95_ms: rank(95)? })
    }
}

/// Sums up the runs that ended within a time, and the drills that began in it.
#[must_use]
pub fn period(
    stories: &[Story],
    drills: &[DrillReport],
    objectives: &Objectives,
    (since, until): (Timestamp, Timestamp),
) -> Period {
    let within: Vec<&Story> = stories.iter().filter(|story| (since..=until).contains(&story.ended_at)).collect();
    let back: Vec<&Story> = within.iter().copied().filter(|story| story.went_back()).collect();
    let spread = |of: fn(&Story) -> Option<i64>| Spread::of(within.iter().filter_map(|story| of(story)).collect());
    let mut rollbacks = Share::default();
    let (mut by_service, mut by_cause) = (BTreeMap::new(), BTreeMap::new());
    for story in &back {
        rollbacks.count(story.result == RunResult::RolledBack);
        for service in &story.services {
            *by_service.entry(service.clone()).or_default() += 1;
        }
        *by_cause.entry(story.cause.clone().unwrap_or_else(|| "not said".to_owned())).or_default() += 1;
    }
    let deploys = deploys(&within);
    let days = until.duration_since(since).as_secs_f64() / 86_400.0;
    #[expect(clippy::cast_precision_loss, reason = "a count of runs")]
    let deploys_a_day = if days > 0.0 { deploys.values().sum::<usize>() as f64 / days } else { 0.0 };
    let (to_go_back, to_recover) =
        (spread(|story| story.times.to_go_back_ms), spread(|story| story.times.to_recover_ms));
    let (verifying, verifying_share) = verifying(&back);
    Period {
        since,
        until,
        change_failures: change_failures(&deploys),
        deploys,
        deploys_a_day,
        rollbacks,
        lead: spread(|story| story.lead_ms),
        to_decide: spread(|story| story.times.to_decide_ms),
        to_go_back,
        to_recover,
        objectives: met(&back, objectives),
        emergencies: emergencies(&back, objectives),
        fallbacks: fallbacks(&within, objectives),
        goals: Goals::of(objectives, rollbacks, (to_go_back, to_recover)),
        by_kind: by_kind(&back, drills, (since, until)),
        verifying,
        verifying_share,
        by_service,
        by_cause,
    }
}

fn deploys(within: &[&Story]) -> BTreeMap<RunResult, usize> {
    let mut deploys = BTreeMap::new();
    for story in within.iter().filter(|story| story.is_deploy) {
        *deploys.entry(story.result).or_default() += 1;
    }
    deploys
}

/// A deploy that was refused or stopped by a person changed nothing, and failed at nothing.
fn change_failures(deploys: &BTreeMap<RunResult, usize>) -> Share {
    let mut share = Share::default();
    for (result, times) in deploys {
        let is_failure = match result {
            RunResult::Refused | RunResult::Aborted => continue,
            RunResult::Kept | RunResult::KeptUnproven => false,
            RunResult::RolledBack
            | RunResult::NothingChanged
            | RunResult::NotVerified
            | RunResult::Held
            | RunResult::FixForward => true,
        };
        (0..*times).for_each(|_| share.count(is_failure));
    }
    share
}

/// A rollback that was not verified met nothing. What was agreed for emergencies is no matter of how much went back.
fn met(back: &[&Story], objectives: &Objectives) -> BTreeMap<Scope, Share> {
    let mut met: BTreeMap<Scope, Share> = BTreeMap::new();
    for story in back {
        let Some(scope) = story.scope.filter(|_| !is_measured_as_emergency(story, objectives)) else { continue };
        let Some(agreed) = scope.agreed(objectives) else { continue };
        met.entry(scope).or_default().count(is_back_within(story, agreed));
    }
    met
}

fn is_measured_as_emergency(story: &Story, objectives: &Objectives) -> bool {
    story.kind == Kind::Emergency && objectives.emergency.is_some()
}

fn is_back_within(story: &Story, agreed: Duration) -> bool {
    story.result == RunResult::RolledBack && is_within(story.times.to_go_back_ms, agreed)
}

fn is_within(took_ms: Option<i64>, agreed: Duration) -> bool {
    took_ms.and_then(|took| u64::try_from(took).ok()).is_some_and(|took| Duration::from_millis(took) <= agreed)
}

fn emergencies(back: &[&Story], objectives: &Objectives) -> Share {
    let mut share = Share::default();
    let Some(agreed) = objectives.emergency else { return share };
    let those = back.iter().filter(|story| story.kind == Kind::Emergency);
    those.for_each(|story| share.count(is_back_within(story, agreed)));
    share
}

fn fallbacks(within: &[&Story], objectives: &Objectives) -> Share {
    let mut share = Share::default();
    let Some(agreed) = objectives.fallback else { return share };
    let took = within.iter().filter_map(|story| story.times.to_fall_back_ms);
    took.for_each(|took| share.count(is_within(Some(took), agreed)));
    share
}

/// How long verifying took, and its share of the time to go back.
fn verifying(back: &[&Story]) -> (Option<Spread>, Option<f64>) {
    let both = back.iter().filter_map(|story| Some((story.times.verifying_ms?, story.times.to_go_back_ms?)));
    let (verifying, all): (Vec<i64>, Vec<i64>) = both.unzip();
    let (part, whole): (i64, i64) = (verifying.iter().sum(), all.iter().sum());
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of rollbacks")]
    let share = (whole > 0).then(|| part as f64 / whole as f64);
    (Spread::of(verifying), share)
}
