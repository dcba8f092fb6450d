//! Limits, over journals with clocks that can be trusted and others.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::id::{CheckpointId, Digest, StepId};
use crate::journal::RunResult;
use crate::plan::{Plan, Request};
use crate::policy::Decision;

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// A journal that is written by a clock in minutes.
#[derive(Default)]
struct Journal(Vec<Record>);

impl Journal {
    fn add(&mut self, at: i64, run: &str, body: Body) {
        self.0.push(Record {
            seq: i64::try_from(self.0.len()).unwrap() + 1,
            format: 1,
            at: minute(at),
            environment: EnvironmentName::new("staging").unwrap(),
            run: Some(RunId::new(run).unwrap()),
            body,
            hash: Digest::of(b""),
        });
    }

    fn plan(&mut self, at: i64, run: &str, is_automatic: bool) {
        let plan = Plan {
            environment: EnvironmentName::new("staging").unwrap(),
            made_at: minute(at),
            request: Request { is_automatic, ..Request::automatic() },
            target: CheckpointId::new("cp-1").unwrap(),
            target_taken_at: minute(0),
            target_said: [].into(),
            facts: Digest::of(b""),
            data_facts: None,
            made_from: Default::default(),
            suffix: String::new(),
            steps: Vec::new(),
            data: Vec::new(),
            unchanged: Vec::new(),
            reasons: Vec::new(),
            blocked_by: Vec::new(),
            overridden: Vec::new(),
            approvals: None,
        };
        self.add(at, run, Body::PlanMade { plan: Box::new(plan) });
    }

    fn end(&mut self, at: i64, run: &str) {
        self.add(at, run, Body::RunEnded { result: RunResult::RolledBack, summary: String::new() });
    }

    /// A rollback that ended at that minute.
    fn rollback(mut self, at: i64, run: &str, is_automatic: bool) -> Self {
        self.plan(at, run, is_automatic);
        self.add(at, run, Body::StepIntended { step: StepId(1), attempt: 1 });
        self.end(at, run);
        self
    }

    /// Something else that was written at that minute.
    fn other(mut self, at: i64) -> Self {
        self.add(at, "run-other", Body::DeployIntended);
        self
    }

    fn weather(&self, now: i64) -> Weather {
        Weather::of(&self.0, Vec::new(), minute(now))
    }
}

fn names(weather: &Weather, policy: &Policy) -> Vec<RefusalName> {
    held_back(weather, policy).into_iter().map(|refusal| refusal.name).collect()
}

#[test]
fn automatic_rollbacks_count_for_an_hour_and_those_of_people_do_not() {
    let journal =
        Journal::default().rollback(100, "run-1", true).rollback(120, "run-2", false).rollback(140, "run-3", true);
    assert_eq!(journal.weather(150).automatic, 2);
    assert_eq!(journal.weather(159).automatic, 2);
    assert_eq!(journal.weather(160).automatic, 1);
    assert_eq!(journal.weather(200).automatic, 0);
    assert_eq!(journal.weather(150).since_last, Some(minutes(10)), "the cool-down counts every rollback");
}

#[test]
fn runs_that_changed_nothing_do_not_count() {
    let mut journal = Journal::default();
    journal.plan(100, "run-1", true);
    journal.end(100, "run-1");
    assert_eq!(journal.weather(101), Weather::default());
}

#[test]
fn a_clock_that_was_set_back_does_not_disarm_a_limit() {
    let journal = Journal::default().rollback(600, "run-1", true);
    assert_eq!(journal.weather(480).automatic, 1, "it seems to lie ahead");
    assert_eq!(journal.weather(480).since_last, Some(Duration::ZERO));
    let journal = journal.other(480);
    assert_eq!((journal.weather(510).automatic, journal.weather(510).since_last), (1, Some(minutes(30))));
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_a_limit_armed_for_ever() {
    let journal = Journal::default().rollback(1_000_000, "run-1", true).other(500);
    assert_eq!(journal.weather(559).automatic, 1);
    assert_eq!(journal.weather(560).automatic, 0);
}

#[test]
fn a_clock_that_was_ahead_for_a_while_does_not_make_a_rollback_old() {
    let journal = Journal::default().rollback(100, "run-1", true).other(100_000).other(110);
    assert_eq!((journal.weather(120).automatic, journal.weather(120).since_last), (1, Some(minutes(20))));
}

#[test]
fn each_limit_speaks_for_itself_and_none_unless_it_is_set() {
    let others = vec![EnvironmentName::new("eu").unwrap(), EnvironmentName::new("us").unwrap()];
    let weather = Weather { automatic: 2, since_last: Some(minutes(5)), others };
    let unlimited = Policy::default();
    assert_eq!(names(&weather, &unlimited), []);
    let limited = |automatic, cool_down, at_once| Policy {
        max_automatic_per_hour: automatic,
        cool_down: minutes(cool_down),
        max_at_once: at_once,
        ..Policy::default()
    };
    assert_eq!(names(&weather, &limited(Some(3), 5, Some(3))), []);
    assert_eq!(names(&weather, &limited(Some(2), 5, None)), [RefusalName::TooManyAutomatic]);
    assert_eq!(names(&weather, &limited(None, 6, None)), [RefusalName::CoolingDown]);
    assert_eq!(names(&weather, &limited(None, 0, Some(2))), [RefusalName::TooManyAtOnce]);
    let what = &held_back(&weather, &limited(None, 0, Some(2)))[0].what;
    assert_eq!(what, "`eu`, `us` go back already; the limit is 2 at once");
    assert_eq!(names(&Weather::default(), &limited(Some(0), 0, Some(0))).len(), 2);
}

#[test]
fn of_two_that_begin_at_the_same_time_one_was_first() {
    let mut journal = Journal::default();
    assert_eq!(going_back(&journal.0), None);
    let decision = |choice| Decision::plain(choice, Vec::new(), Vec::new());
    journal.add(1, "run-1", Body::Decided { decision: decision(Choice::Keep) });
    assert_eq!(going_back(&journal.0), None, "a deploy that is kept does not go back");
    journal.add(2, "run-2", Body::Decided { decision: decision(Choice::RollBack) });
    journal.plan(3, "run-2", true);
    assert_eq!(going_back(&journal.0), Some(2));
    let eu = || EnvironmentName::new("eu").unwrap();
    assert_eq!(are_before(Some(2), vec![(eu(), 1)]), [eu()]);
    assert!(are_before(Some(2), vec![(eu(), 3)]).is_empty(), "it is that one's turn to be held");
    journal.end(4, "run-2");
    assert_eq!(going_back(&journal.0), None);
}
