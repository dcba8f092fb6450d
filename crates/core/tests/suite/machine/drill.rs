//! Drills: whatever is noticed and whoever goes on, what was broken is put back, and nothing is called bad.

use backout_core::inventory::{DatabasesAfter, Grade};
use backout_core::journal::{Body, Break, DeployExit, Drill, Means, RunKind, RunResult};
use backout_core::plan::Request;
use backout_core::policy::{Choice, Needed, Refusal, RefusalName, Verdict};
use backout_core::run::Act;

use super::story::{Story, a_plan, before, check, done, judged, taken, verified};
use crate::world::{Spec, request, started};

fn drill(how: Break) -> Story {
    let drill = Drill { service: Spec::name(0), how, within_ms: 10_000, objective_ms: None };
    Story::of(started(RunKind::Drill(Box::new(drill)), Request { is_automatic: true, ..request() }))
}

/// A drill that is breaking its service.
fn armed(how: Break) -> Story {
    breaking(drill(how).then(before(Verdict::Healthy, false)))
}

fn breaking(story: Story) -> Story {
    story.then(taken(1)).then(Body::Armed { pid: 1 }).then(Body::DeploySpawned { pid: 1, started_ticks: 1 })
}

fn breaks(story: Story) -> Story {
    breaking(story).then(Body::DeployEnded { exit: DeployExit::Code { code: 0 } }).then(after())
}

fn after() -> Body {
    Body::AfterSeen { facts: Vec::new(), changed: Vec::new(), data: DatabasesAfter::default() }
}

/// A drill that has broken its service.
fn broken(how: Break) -> Story {
    breaks(drill(how).then(before(Verdict::Healthy, false)))
}

fn put_back(story: Story, checkpoint: u32) -> Story {
    let story = story.then(Body::PlanMade { plan: Box::new(a_plan()) }).then(taken(checkpoint));
    story.step(1, 1, done()).step(2, 1, done()).step(3, 1, done())
}

fn choice(story: &Story) -> Option<Choice> {
    story.records.iter().find_map(|record| match &record.body {
        Body::Decided { decision } => Some(decision.choice),
        _ => None,
    })
}

#[test]
fn what_a_drill_broke_is_put_back_without_asking_anybody() {
    let story = broken(Break::Crash).then(judged(Verdict::Unhealthy, false));
    let mut plan = a_plan();
    plan.approvals = Some(Needed { people: 2, what: "the environment goes back".to_owned(), within_ms: 60_000 });
    let hint = "`--approved-by NAME`".to_owned();
    let what = "2 people must agree: 0 did".to_owned();
    plan.blocked_by.push(Refusal { name: RefusalName::ApprovalMissing, what, hint });
    story.run.state().excuse(&mut plan);
    let story = story.then(Body::PlanMade { plan: Box::new(plan) });
    assert!(matches!(story.wants, Some(Act::Capture(_))), "{:?}", story.wants);
}

#[test]
fn a_drill_is_put_back_whether_it_was_noticed_or_not_and_nothing_is_called_bad() {
    for verdict in [Verdict::Unhealthy, Verdict::Healthy, Verdict::Unmeasurable] {
        let story = broken(Break::Crash);
        assert_eq!(story.wants, Some(Act::Watch), "though nothing has changed");
        let story = story.then(judged(verdict, false));
        assert_eq!((choice(&story), &story.wants), (Some(Choice::RollBack), &Some(Act::Plan)));
        let story = put_back(story, 2);
        let bad = |body: &Body| matches!(body, Body::Graded { grade: Grade::Bad, .. });
        assert!(!story.records.iter().any(|record| bad(&record.body)));
        let story = story.then(verified(vec![check(Verdict::Healthy)]));
        assert_eq!(story.run.result(), Some(RunResult::RolledBack), "{}", story.summary());
    }
}

#[test]
fn what_going_back_does_not_mend_is_repaired_first() {
    let story = broken(Break::Errors).then(judged(Verdict::Unhealthy, false));
    assert_eq!(story.wants, Some(Act::Repair));
    let story = story.resumed();
    assert_eq!(story.wants, Some(Act::Repair), "it may be done again");
    assert_eq!(story.then(Body::Repaired { seen: "it runs".to_owned() }).wants, Some(Act::Plan));
}

#[test]
fn a_way_back_that_is_not_verified_is_tried_again_with_another_repair() {
    let mut story = drill(Break::Errors);
    let Body::BeforeSeen { facts, red, checks, has_good_checkpoint, quarantined, named, .. } =
        before(Verdict::Healthy, false)
    else {
        unreachable!("it is what is seen before")
    };
    let means = Means { attempts: 2, plan_b: false, maintenance: false };
    story = story.then(Body::BeforeSeen {
        facts,
        red,
        checks,
        has_good_checkpoint,
        means,
        quarantined,
        named,
        not_kept: None,
        not_confirmed: None,
    });
    story = breaks(story).then(judged(Verdict::Unhealthy, false)).then(Body::Repaired { seen: "it failed".to_owned() });
    story = put_back(story, 2).then(verified(vec![check(Verdict::Unhealthy)]));
    assert_eq!(story.wants, Some(Act::Repair));
    story = put_back(story.then(Body::Repaired { seen: "it runs".to_owned() }), 3);
    story = story.meanwhile(Body::AbortRequested { by: "ann".to_owned() });
    let story = story.then(verified(vec![check(Verdict::Healthy)]));
    assert_eq!(story.run.result(), Some(RunResult::RolledBack), "{}", story.summary());
}

#[test]
fn a_drill_that_could_not_break_what_it_should_is_put_back_and_says_so() {
    let story = armed(Break::Image).then(Body::DeployEnded { exit: DeployExit::Code { code: 1 } });
    let story = story.then(after());
    assert_eq!(choice(&story), Some(Choice::RollBack));
    let stopped = DeployExit::Stopped { why: "what it broke is bad".to_owned() };
    let story = armed(Break::Image).then(Body::DeployEnded { exit: stopped }).then(after());
    assert_eq!(story.wants, Some(Act::Watch), "it was broken");
}

#[test]
fn a_drill_that_was_left_behind_or_is_aborted_is_put_back_at_once() {
    assert_eq!(choice(&broken(Break::Crash).resumed()), Some(Choice::RollBack));
    let story = broken(Break::Crash).meanwhile(Body::AbortRequested { by: "ann".to_owned() });
    assert_eq!(story.run.result(), None, "what is broken does not stay so");
    assert_eq!(story.then(judged(Verdict::Healthy, false)).wants, Some(Act::Plan));
}

#[test]
fn nothing_is_broken_where_something_is_wrong_already() {
    let story = drill(Break::Crash).then(before(Verdict::Unhealthy, true)).then(taken(1));
    assert_eq!(story.run.result(), Some(RunResult::Refused));
    assert!(story.summary().contains("drill-not-allowed"), "{}", story.summary());
}
