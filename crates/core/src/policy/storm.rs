//! Storm control: whether one more automatic rollback is let go on, or held for a person.
//!
//! Contract: a function of the journal, the limits and the time. The time alone is not believed: a clock that was set back
//! makes what has just happened look as if it were yet to come, and one that was ahead for a while makes it look old. How
//! long ago a record was written is the least of what the clock says and of what went by between the records since, where a
//! step backwards counts as nothing. So no jump backwards disarms a limit, and none keeps it armed for longer than the limit
//! itself once time goes on.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Choice, Refusal, RefusalName};
use crate::config::Policy;
use crate::id::{EnvironmentName, RunId};
use crate::journal::{Body, Record};

const HOUR: Duration = Duration::from_secs(3600);

/// What the limits look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Weather {
    /// Automatic rollbacks of the environment that ended within the last hour.
    pub automatic: u32,
    /// How long ago the last rollback of the environment ended, whoever wanted it.
    pub since_last: Option<Duration>,
    /// Other environments of the same state directory that were going back already.
    pub others: Vec<EnvironmentName>,
}

impl Weather {
    /// What the records of the environment say at `now`. `others` are those that [`are_before`] found.
    #[must_use]
    pub fn of(records: &[Record], others: Vec<EnvironmentName>, now: Timestamp) -> Self {
        let ended = ended(records);
        let ages = |is_wanted: &dyn Fn(bool) -> bool| {
            let wanted = ended.iter().filter(|(_, is_automatic)| is_wanted(*is_automatic));
            wanted.map(|(place, _)| age(records, *place, now)).collect::<Vec<Duration>>()
        };
        let recent = ages(&|is_automatic| is_automatic).into_iter().filter(|age| *age < HOUR).count();
        Self {
            automatic: u32::try_from(recent).unwrap_or(u32::MAX),
            since_last: ages(&|_| true).into_iter().min(),
            others,
        }
    }
}

/// Why an automatic rollback is held for a person, by every limit that speaks.
///
/// | limit                    | it speaks where                                             |
/// |--------------------------|-------------------------------------------------------------|
/// | `max_automatic_per_hour` | as many automatic rollbacks ended within the last hour      |
/// | `cool_down`              | the last rollback ended less than that ago                  |
/// | `max_at_once`            | as many other environments were going back before this one  |
#[must_use]
pub fn held_back(weather: &Weather, policy: &Policy) -> Vec<Refusal> {
    let limits = [
        policy.max_automatic_per_hour.and_then(|limit| too_many_automatic(weather.automatic, limit)),
        weather.since_last.and_then(|since| cooling_down(since, policy.cool_down)),
        policy.max_at_once.and_then(|limit| too_many_at_once(&weather.others, limit)),
    ];
    limits.into_iter().flatten().collect()
}

/// A tool that rolls back again and again hides the fault.
#[must_use]
pub fn too_many_automatic(in_last_hour: u32, limit: u32) -> Option<Refusal> {
    (in_last_hour >= limit).then(|| Refusal {
        name: RefusalName::TooManyAutomatic,
        what: format!("{in_last_hour} automatic rollbacks within the hour; the limit is {limit}"),
        hint: "find out why deploys keep failing; a person can still run `backout rollback`".to_owned(),
    })
}

/// What was just taken back is left alone for a while.
#[must_use]
pub fn cooling_down(since: Duration, limit: Duration) -> Option<Refusal> {
    (since < limit).then(|| Refusal {
        name: RefusalName::CoolingDown,
        what: format!(
            "the last rollback ended {} s ago, and the environment is left alone for {} s after one",
            since.as_secs(),
            limit.as_secs()
        ),
        hint: "look whether this is the same fault; a person can still run `backout rollback`".to_owned(),
    })
}

/// Where many environments go bad at once, their deploys are rarely the cause.
#[must_use]
pub fn too_many_at_once(others: &[EnvironmentName], limit: u32) -> Option<Refusal> {
    let names: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
    (others.len() >= limit as usize).then(|| Refusal {
        name: RefusalName::TooManyAtOnce,
        what: match names.is_empty() {
            true => "no environment may go back by itself: the limit is 0".to_owned(),
            false => format!("{} go back already; the limit is {limit} at once", names.join(", ")),
        },
        hint: "look for what the environments share; a person can still run `backout rollback`".to_owned(),
    })
}

/// The number of the record by which the open run of an environment began to go back; nothing where no run is, or it is not.
/// Numbers are given over all environments of a state directory, so that of two that begin at the same time exactly one was
/// first. Needs the records of [`GOING_BACK_KINDS`].
#[must_use]
pub fn going_back(records: &[Record]) -> Option<i64> {
    let ended: BTreeSet<&RunId> = records
        .iter()
        .filter(|record| matches!(record.body, Body::RunEnded { .. }))
        .filter_map(|record| record.run.as_ref())
        .collect();
    let begins = |body: &Body| match body {
        Body::Decided { decision } => decision.choice == Choice::RollBack,
        Body::PlanMade { .. } => true,
        _ => false,
    };
    let open = records.iter().filter(|record| record.run.as_ref().is_some_and(|run| !ended.contains(run)));
    open.filter(|record| begins(&record.body)).map(|record| record.seq).min()
}

/// The kinds of records that [`going_back`] needs.
pub const GOING_BACK_KINDS: [&str; 4] = ["run_started", "decided", "plan_made", "run_ended"];

/// Of other environments with the numbers by which they began to go back, those that began before the one with number `own`.
#[must_use]
pub fn are_before(own: Option<i64>, others: Vec<(EnvironmentName, i64)>) -> Vec<EnvironmentName> {
    let earlier = others.into_iter().filter(|(_, began)| own.is_none_or(|own| *began < own));
    earlier.map(|(name, _)| name).collect()
}

/// Where the runs that changed something on their way back ended, and whether nobody had asked for them.
fn ended(records: &[Record]) -> Vec<(usize, bool)> {
    let acted: BTreeSet<&RunId> = records
        .iter()
        .filter(|record| matches!(record.body, Body::StepIntended { .. }))
        .filter_map(|record| record.run.as_ref())
        .collect();
    let automatic: BTreeSet<&RunId> = records
        .iter()
        .filter(|record| matches!(&record.body, Body::PlanMade { plan } if plan.request.is_automatic))
        .filter_map(|record| record.run.as_ref())
        .collect();
    let ends = records.iter().enumerate().filter(|(_, record)| matches!(record.body, Body::RunEnded { .. }));
    let of_runs = ends.filter_map(|(place, record)| Some((place, record.run.as_ref()?)));
    of_runs.filter(|(_, run)| acted.contains(run)).map(|(place, run)| (place, automatic.contains(run))).collect()
}

/// How long ago the record at `place` was written, at least.
fn age(records: &[Record], place: usize, now: Timestamp) -> Duration {
    let between = |earlier: Timestamp, later: Timestamp| Duration::try_from(later.duration_since(earlier)).ok();
    let times: Vec<Timestamp> =
        records.iter().skip(place).map(|record| record.at).chain(std::iter::once(now)).collect();
    let went_by: Duration =
        times.iter().zip(times.iter().skip(1)).filter_map(|(earlier, later)| between(*earlier, *later)).sum();
    match records.get(place).and_then(|record| between(record.at, now)) {
        Some(told) => told.min(went_by),
        None => went_by,
    }
}

#[cfg(test)]
mod tests;
