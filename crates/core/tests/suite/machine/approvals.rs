//! A plan that waits for people: what lets it run, and what ends it.

use backout_core::journal::{Body, DeployExit, RunKind, RunResult};
use backout_core::plan::{Agreed, Plan};
use backout_core::policy::{ApprovalsOutcome, Needed, Verdict};
use backout_core::run::{Act, CapturePurpose};

use super::story::{Story, a_plan, abort, before, judged, rolling_back, taken, unseen};
use crate::world::{at, request, started};

fn needing(people: u32, mut plan: Plan) -> Plan {
    plan.approvals = Some(Needed { people, what: "the environment goes back".to_owned(), within_ms: 60_000 });
    plan
}

fn planned(plan: Plan) -> Story {
    let story = Story::of(started(RunKind::Rollback, request())).then(before(Verdict::Unhealthy, true));
    story.then(Body::PlanMade { plan: Box::new(plan) })
}

fn given(names: &[&str]) -> Body {
    let by = names.iter().map(|name| (*name).to_owned()).collect();
    Body::ApprovalsEnded { outcome: ApprovalsOutcome::Given { by } }
}

fn capture() -> Option<Act> {
    Some(Act::Capture(CapturePurpose::BeforeRollback))
}

#[test]
fn plan_runs_once_as_many_people_agreed_as_must_and_no_sooner() {
    assert_eq!(planned(a_plan()).wants, capture(), "nobody is needed");
    let waiting = planned(needing(2, a_plan()));
    assert!(waiting.wrote("approvals_wanted"));
    let by = at(0) + std::time::Duration::from_secs(60);
    assert_eq!(waiting.wants, Some(Act::AwaitApprovals { by }));
    let mut early = waiting.run.clone();
    assert!(early.handle(taken(1), at(0)).is_err(), "nothing begins while it waits");
    assert!(early.handle(given(&["ann"]), at(0)).is_err(), "one of two is not enough, whoever says so");
    let story = waiting.then(given(&["ann", "ben"]));
    assert_eq!(story.wants, capture());
    assert_eq!(story.then(taken(1)).wants, Story::execute(1, 1));
}

#[test]
fn who_was_named_with_the_request_counts() {
    let mut plan = needing(2, a_plan());
    plan.request.data.approved_by = ["ann", "ben"].map(str::to_owned).into();
    assert_eq!(planned(plan.clone()).wants, capture());
    plan.request.data.approved_by = ["ann", "Ann "].map(str::to_owned).into();
    assert!(planned(plan).wrote("approvals_wanted"), "one person is one person");
}

#[test]
fn agreement_to_another_plan_counts_for_nothing() {
    let plan = needing(1, a_plan());
    let mut moved = plan.clone();
    moved.steps.pop();
    assert_ne!(Agreed::of(&moved).digest, Agreed::of(&plan).digest);
    let agreed = planned(plan.clone()).then(given(&["ann"]));
    let again = agreed.then(Body::PlanMade { plan: Box::new(moved) });
    assert!(matches!(again.wants, Some(Act::AwaitApprovals { .. })), "{:?}", again.wants);
    let same = planned(plan.clone()).then(given(&["ann"])).then(Body::PlanMade { plan: Box::new(plan) });
    assert_eq!(same.wants, capture(), "the very same plan was agreed to");
}

#[test]
fn somebody_who_does_not_agree_or_time_that_is_over_ends_the_run() {
    let declined = || ApprovalsOutcome::Declined { by: "cat".to_owned(), reason: Some("not at night".to_owned()) };
    let late = ApprovalsOutcome::TooLate { by: ["ann".to_owned()].into() };
    for (outcome, words) in [(declined(), "cat does not agree: not at night"), (late, "1 of 2 people agreed in time")] {
        let story = planned(needing(2, a_plan())).then(Body::ApprovalsEnded { outcome });
        assert_eq!(story.run.result(), Some(RunResult::Refused));
        assert!(story.summary().contains(words), "{}", story.summary());
    }
    let bad = Story::deployed(DeployExit::Code { code: 0 }, unseen(), true).then(judged(Verdict::Unhealthy, false));
    let story = bad.then(rolling_back()).then(Body::PlanMade { plan: Box::new(needing(2, a_plan())) });
    let story = story.then(Body::ApprovalsEnded { outcome: declined() });
    assert_eq!(story.run.result(), Some(RunResult::Held), "what was deployed needs a person: {}", story.summary());
}

#[test]
fn whoever_goes_on_waits_on_and_a_person_can_stop_it() {
    let story = planned(needing(2, a_plan())).resumed();
    assert!(matches!(story.wants, Some(Act::AwaitApprovals { .. })), "{:?}", story.wants);
    let stopped = story.then(abort());
    assert_eq!(stopped.run.result(), Some(RunResult::Aborted));
}
