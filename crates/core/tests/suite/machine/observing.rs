//! Observing after a rollback: what is said when, and what becomes of an observation that ends early.

use backout_core::journal::{Answer, Body, Observation, ObservationResult, RunResult};
use backout_core::policy::{Check, Finding, Verdict};
use backout_core::run::Act;

use super::story::{Story, check, done, verified};
use crate::world::{request, rollback};

fn observed(result: ObservationResult) -> Body {
    let finding = Finding { subject: "f.health.up".to_owned(), what: "503 three times".to_owned(), was_before: false };
    Body::Observed { observation: Observation { result, after_ms: 90_000, findings: vec![finding] } }
}

/// A way back whose steps are done.
fn steps() -> Story {
    Story::going_back(rollback(request())).step(1, 1, done()).step(2, 1, done()).step(3, 1, done())
}

/// A way back whose steps are done and whose checks hold.
fn back() -> Story {
    steps().then(verified(vec![check(Verdict::Healthy)]))
}

#[test]
fn what_holds_is_observed_and_then_called_rolled_back() {
    let story = back();
    assert_eq!(story.wants, Some(Act::Observe));
    assert!(story.records.iter().any(|record| record.body == Body::ObservationStarted { for_ms: 60_000 }));
    let story = story.then(observed(ObservationResult::Held));
    assert_eq!(story.run.result(), Some(RunResult::RolledBack));
    assert!(story.summary().contains("held while observed for 90 s"), "{}", story.summary());
}

#[test]
fn what_goes_bad_again_needs_a_person_and_is_not_rolled_back_again() {
    let story = back().then(observed(ObservationResult::WentBad));
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    assert!(story.summary().contains("went bad again after 90 s: f.health.up: 503"), "{}", story.summary());
    assert_eq!(story.wants, None);
}

#[test]
fn an_observation_that_is_not_seen_to_its_end_says_so() {
    for (result, words) in [(ObservationResult::Left, "only for"), (ObservationResult::Unseen, "was gone")] {
        let story = back().then(observed(result));
        assert_eq!(story.run.result(), Some(RunResult::RolledBack));
        assert!(story.summary().contains("not observed to the end") && story.summary().contains(words));
    }
}

#[test]
fn whoever_goes_on_observes_and_a_person_who_stops_it_takes_nothing_back() {
    let story = back().resumed();
    assert_eq!(story.wants, Some(Act::Observe));
    let story = story.meanwhile(Body::AbortRequested { by: "ann".to_owned() });
    assert_eq!(story.run.result(), Some(RunResult::RolledBack), "{}", story.summary());
}

#[test]
fn what_does_not_hold_is_never_observed_and_advice_stands_in_nobodys_way() {
    let story = steps().then(verified(vec![check(Verdict::Unhealthy)]));
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    let advice = Check { is_advisory: true, ..check(Verdict::Unhealthy) };
    assert_eq!(steps().then(verified(vec![advice])).wants, Some(Act::Observe));
}

#[test]
fn a_check_can_be_answered_when_the_run_is_over() {
    let story = back().then(observed(ObservationResult::Held));
    let answer = Answer { check: "login".to_owned(), holds: false, by: "ann".to_owned() };
    let story = story.then(Body::ManualAnswered { answer });
    assert_eq!(story.run.result(), Some(RunResult::RolledBack));
}
