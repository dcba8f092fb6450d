//! Drills: what was rehearsed, and what it came to.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::times;
use crate::id::{RunId, ServiceName};
use crate::journal::{Body, Break, Drill, Record, RunKind, RunResult};
use crate::policy::Verdict;

/// The kinds of records that drills are reported from.
pub const DRILL_KINDS: [&str; 6] = ["run_started", "deploy_intended", "judged", "decided", "verified", "run_ended"];

/// One drill that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DrillReport {
    /// Its run.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// What was broken.
    pub service: ServiceName,
    /// How.
    pub how: Break,
    /// How its run ended.
    pub result: RunResult,
    /// From broken to noticed, in milliseconds; `None` where it was not noticed.
    pub to_notice_ms: Option<i64>,
    /// From the decision to verified, in milliseconds.
    pub to_go_back_ms: Option<i64>,
    /// From broken to verified, in milliseconds.
    pub in_all_ms: Option<i64>,
    /// How long that may take, in milliseconds.
    pub objective_ms: Option<u64>,
    /// Whether it was noticed, put back and verified, within the objective where there is one.
    pub is_good: bool,
}

/// The drills among these records, oldest first.
#[must_use]
pub fn drills(records: &[Record]) -> Vec<DrillReport> {
    let begun = records.iter().filter_map(|record| match (&record.body, &record.run) {
        (Body::RunStarted(started), Some(run)) => match &started.run {
            RunKind::Drill(drill) => Some((record.at, run, drill.as_ref())),
            RunKind::Guard { .. } | RunKind::Rollback | RunKind::Noticed(_) | RunKind::WentDown => None,
        },
        _ => None,
    });
    let report = |(at, run, drill): (Timestamp, &RunId, &Drill)| {
        let own: Vec<Record> = records.iter().filter(|record| record.run.as_ref() == Some(run)).cloned().collect();
        let result = own.iter().find_map(|record| match &record.body {
            Body::RunEnded { result, .. } => Some(*result),
            _ => None,
        })?;
        let at_of = |is: &dyn Fn(&Body) -> bool| own.iter().find(|record| is(&record.body)).map(|record| record.at);
        let broken = at_of(&|body| matches!(body, Body::DeployIntended));
        let noticed =
            at_of(&|body| matches!(body, Body::Judged { judgement } if judgement.verdict == Verdict::Unhealthy));
        let times = times(&own);
        let ms =
            |to: Option<Timestamp>| Some(i64::try_from(to?.duration_since(broken?).as_millis()).unwrap_or(i64::MAX));
        let in_all_ms = ms(times.verified_at);
        let is_quick = drill
            .objective_ms
            .is_none_or(|objective| in_all_ms.is_some_and(|ms| u64::try_from(ms).is_ok_and(|ms| ms <= objective)));
        Some(DrillReport {
            run: run.clone(),
            at,
            service: drill.service.clone(),
            how: drill.how,
            result,
            to_notice_ms: ms(noticed),
            to_go_back_ms: times.to_go_back_ms,
            in_all_ms,
            objective_ms: drill.objective_ms,
            is_good: result == RunResult::RolledBack && noticed.is_some() && is_quick,
        })
    };
    begun.filter_map(report).collect()
}

/// Whether the last good drill is older than `every`, in a sentence.
#[must_use]
pub fn drill_is_due(drills: &[DrillReport], every: Option<std::time::Duration>, now: Timestamp) -> Option<String> {
    let every = every?;
    let Some(last) = drills.iter().rev().find(|drill| drill.is_good) else {
        return Some("there was no good drill yet".to_owned());
    };
    let days = now.duration_since(last.at).as_hours() / 24;
    (last.at + every < now).then(|| format!("the last good drill was {days} days ago"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::id::{Digest, EnvironmentName};
    use crate::journal::RunStarted;
    use crate::plan::Request;
    use crate::policy::Judgement;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn records(verdict: Verdict, result: RunResult) -> Vec<Record> {
        let service = ServiceName::new("app").unwrap();
        let drill = Drill { service, how: Break::Crash, within_ms: 5_000, objective_ms: Some(10_000) };
        let started = RunStarted {
            run: RunKind::Drill(Box::new(drill)),
            environment: EnvironmentName::new("staging").unwrap(),
            actor: "anna".to_owned(),
            reason: None,
            request: Request::automatic(),
            agreed: None,
            circumstances: Box::default(),
            observe_ms: 0,
        };
        let judgement = Judgement {
            verdict,
            at: second(12),
            first_bad_at: None,
            findings: Vec::new(),
            wants_person: false,
            fired: None,
            own_check: None,
        };
        let bodies = [
            (0, Body::RunStarted(started)),
            (10, Body::DeployIntended),
            (12, Body::Judged { judgement }),
            (15, Body::Verified { checks: Vec::new(), facts: Vec::new(), red: Vec::new() }),
            (15, Body::RunEnded { result, summary: String::new() }),
        ];
        let record = |(at, body)| Record {
            seq: at,
            format: 1,
            at: second(at),
            environment: EnvironmentName::new("staging").unwrap(),
            run: Some(RunId::new("run-1").unwrap()),
            body,
            hash: Digest::of(b""),
        };
        bodies.into_iter().map(record).collect()
    }

    #[test]
    fn a_drill_is_good_when_it_was_noticed_and_put_back_in_time() {
        let good = drills(&records(Verdict::Unhealthy, RunResult::RolledBack));
        assert_eq!((good[0].to_notice_ms, good[0].in_all_ms, good[0].is_good), (Some(2_000), Some(5_000), true));
        assert!(!drills(&records(Verdict::Healthy, RunResult::RolledBack))[0].is_good, "nobody noticed");
        assert!(!drills(&records(Verdict::Unhealthy, RunResult::NotVerified))[0].is_good);
    }

    #[test]
    fn a_drill_is_due_when_the_last_good_one_is_too_old() {
        let (good, day) = (drills(&records(Verdict::Unhealthy, RunResult::RolledBack)), 86_400);
        let due =
            |drills: &[DrillReport], now| drill_is_due(drills, Some(Duration::from_secs(30 * 86_400)), second(now));
        assert_eq!(due(&good, 29 * day), None);
        assert_eq!(due(&good, 40 * day), Some("the last good drill was 40 days ago".to_owned()));
        assert!(due(&drills(&records(Verdict::Healthy, RunResult::RolledBack)), 0).is_some());
        assert_eq!(drill_is_due(&[], None, second(0)), None, "nobody asks for any");
    }
}
