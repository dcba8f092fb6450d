//! Ways back that are not verified, and deploys that bring back what went bad.

use backout_core::inventory::{DatabasesAfter, Fact};
use backout_core::journal::{Body, DeployExit, MaintenanceOutcome, Means, Recourse, RunKind, RunResult};
use backout_core::plan::Request;
use backout_core::policy::{Choice, Identity, Quarantined, Refusal, RefusalName, Verdict};
use backout_core::run::Act;

use super::story::{Story, a_plan, before, check, done, judged, rolling_back, spec, taken, verified};
use crate::world::Ran;

const EVERYTHING: Means = Means { attempts: 2, plan_b: true, maintenance: true };

fn with(means: Means, quarantined: Vec<Quarantined>, named: bool) -> Body {
    let Body::BeforeSeen { checks, red, .. } = before(Verdict::Healthy, true) else { unreachable!() };
    let named = quarantined.first().filter(|_| named).map(|it| it.checkpoint.clone());
    let facts = facts_of(0);
    Body::BeforeSeen {
        facts,
        red,
        checks,
        has_good_checkpoint: true,
        means,
        quarantined,
        named,
        not_kept: None,
        not_confirmed: None,
    }
}

/// A guarded deploy that went bad, as far as the first plan.
fn going_back(means: Means, request: Request) -> Story {
    let kind = RunKind::Guard { command: vec!["deploy".to_owned()] };
    Story::begin(kind, request)
        .then(with(means, Vec::new(), false))
        .then(taken(1))
        .then(Body::Armed { pid: 1 })
        .then(Body::DeploySpawned { pid: 2, started_ticks: 1 })
        .then(Body::DeployEnded { exit: DeployExit::Code { code: 0 } })
        .then(after())
        .then(judged(Verdict::Unhealthy, false))
        .then(rolling_back())
}

/// What runs: the version before the deploy, or the one after it.
fn facts_of(version: u8) -> Vec<Fact> {
    let mut spec = spec();
    spec.services[0].now = Some(Ran { version, replicas: 1 });
    spec.world().facts(1)
}

fn after() -> Body {
    let facts = facts_of(1);
    Body::AfterSeen {
        changed: facts.iter().map(|fact| fact.service.clone()).collect(),
        facts,
        data: DatabasesAfter::default(),
    }
}

fn automatic(means: Means) -> Story {
    going_back(means, Request::automatic())
}

/// Does whatever a plan of one switch asks for, up to the checks.
fn through(mut story: Story, n: u32) -> Story {
    story = story.then(Body::PlanMade { plan: Box::new(a_plan()) }).then(taken(n));
    while let Some(Act::Execute { step, attempt }) = story.wants.clone() {
        story = story.then(Body::StepEnded { step, attempt, outcome: done(), took_ms: 1 });
    }
    assert_eq!(story.wants, Some(Act::Verify));
    story
}

fn bad() -> Body {
    verified(vec![check(Verdict::Unhealthy)])
}

fn no_older() -> Body {
    let (what, hint) = ("nothing is older".to_owned(), String::new());
    Body::Refused { refusals: vec![Refusal { name: RefusalName::NoGoodCheckpoint, what, hint }] }
}

fn on() -> Body {
    Body::MaintenanceEnded { on: true, outcome: MaintenanceOutcome::Done { seen: vec!["503".to_owned()] } }
}

fn nexts(story: &Story) -> Vec<Recourse> {
    let tries = story.records.iter().filter_map(|record| match &record.body {
        Body::AttemptFailed { next, .. } => Some(*next),
        _ => None,
    });
    tries.collect()
}

#[test]
fn what_is_not_verified_is_planned_anew_before_anything_is_done_again() {
    let story = through(automatic(Means { attempts: 2, ..Means::default() }), 2).then(bad());
    assert_eq!((nexts(&story), story.wants.clone()), (vec![Recourse::Again], Some(Act::Plan)));
    let story = through(story, 3).then(verified(vec![check(Verdict::Healthy)]));
    assert_eq!(story.run.result(), Some(RunResult::RolledBack));
    assert!(story.summary().contains("verified; at try 2, after: not verified"), "{}", story.summary());
}

#[test]
fn after_two_tries_and_plan_b_maintenance_mode_is_switched_on_and_a_person_is_needed() {
    let mut story = automatic(EVERYTHING);
    for n in 2..5 {
        story = through(story, n).then(bad());
    }
    assert_eq!(nexts(&story), [Recourse::Again, Recourse::OlderCheckpoint, Recourse::Maintenance]);
    assert_eq!(story.wants, Some(Act::Maintain));
    let story = story.then(on());
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    assert!(story.summary().ends_with("`backout maintenance off` ends it"), "{}", story.summary());
}

#[test]
fn where_there_is_no_older_checkpoint_maintenance_mode_comes_next() {
    let mut story = automatic(EVERYTHING);
    for n in 2..4 {
        story = through(story, n).then(bad());
    }
    let story = story.then(no_older());
    assert_eq!(nexts(&story), [Recourse::Again, Recourse::OlderCheckpoint, Recourse::Maintenance]);
    let failed = MaintenanceOutcome::Failed { seen: Vec::new(), why: vec!["nginx does not answer".to_owned()] };
    let story = story.then(Body::MaintenanceEnded { on: true, outcome: failed });
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    assert!(story.summary().contains("could not be switched on: nginx does not answer"), "{}", story.summary());
}

#[test]
fn a_second_plan_that_is_refused_is_not_said_to_have_changed_nothing() {
    let story = through(automatic(Means { attempts: 2, ..Means::default() }), 2).then(bad()).then(no_older());
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    assert!(story.summary().contains("going on was refused"), "{}", story.summary());
    assert!(story.summary().contains("after: not verified"), "{}", story.summary());
}

#[test]
fn a_first_plan_that_is_refused_is_held_and_nothing_else_is_tried() {
    let story = automatic(EVERYTHING).then(no_older());
    assert_eq!((story.run.result(), nexts(&story)), (Some(RunResult::Held), Vec::new()));
}

#[test]
fn what_a_person_began_or_wants_to_stop_is_not_tried_again() {
    let by_person = Request { is_automatic: false, ..Request::automatic() };
    let story = through(going_back(EVERYTHING, by_person), 2).then(bad());
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    let abort = Body::AbortRequested { by: "ops".to_owned() };
    let story = through(automatic(EVERYTHING), 2).meanwhile(abort).then(bad());
    assert_eq!((story.run.result(), nexts(&story)), (Some(RunResult::NotVerified), Vec::new()));
}

#[test]
fn what_the_second_try_finds_is_not_called_bad() {
    let story = through(through(automatic(EVERYTHING), 2).then(bad()), 3);
    let grades: Vec<String> = story
        .records
        .iter()
        .filter_map(|record| match &record.body {
            Body::Graded { checkpoint, grade, .. } => Some(format!("{checkpoint} {grade}")),
            _ => None,
        })
        .collect();
    assert_eq!(grades, ["cp-1 good", "cp-2 bad", "cp-3 candidate"]);
}

#[test]
fn a_journal_of_before_has_one_try_and_no_plan_b() {
    let text = r#"{"kind":"before_seen","facts":[],"red":[],"checks":[],"has_good_checkpoint":true}"#;
    let Body::BeforeSeen { means, .. } = serde_json::from_str(text).unwrap() else { panic!() };
    assert_eq!(means, Means { attempts: 1, plan_b: false, maintenance: false });
}

fn of(facts: &[Fact]) -> Quarantined {
    let identity = |fact: &Fact| Identity {
        label: "v2".to_owned(),
        version: fact.version().unwrap().clone(),
        files: fact.files.clone(),
    };
    let services = facts.iter().map(|fact| (fact.service.clone(), identity(fact))).collect();
    Quarantined { checkpoint: "cp-bad".parse().unwrap(), why: "it went bad".to_owned(), services }
}

fn deployed(request: Request) -> Story {
    Story::begin(RunKind::Guard { command: vec!["deploy".to_owned()] }, request)
        .then(with(Means::default(), vec![of(&facts_of(1))], false))
        .then(taken(1))
        .then(Body::Armed { pid: 1 })
        .then(Body::DeploySpawned { pid: 2, started_ticks: 1 })
        .then(Body::DeployEnded { exit: DeployExit::Code { code: 0 } })
        .then(after())
}

#[test]
fn a_deploy_that_brings_back_what_went_bad_goes_back_at_once() {
    let story = deployed(Request::automatic());
    let decided = story.records.iter().find_map(|record| match &record.body {
        Body::Decided { decision } => Some(decision.clone()),
        _ => None,
    });
    let decided = decided.expect("nothing is watched first");
    assert_eq!((decided.choice, story.wants.clone()), (Choice::RollBack, Some(Act::Plan)));
    assert!(decided.reasons_for[0].contains("in quarantine"), "{:?}", decided.reasons_for);
}

#[test]
fn a_person_who_insists_has_it_watched_like_any_other_deploy() {
    let forced = Request { forced: [RefusalName::Quarantined].into(), ..Request::automatic() };
    assert_eq!(deployed(forced).wants, Some(Act::Watch));
}

#[test]
fn a_deploy_command_that_names_what_went_bad_is_never_started() {
    let begin = |request| Story::begin(RunKind::Guard { command: vec!["deploy".to_owned()] }, request);
    let named = || with(Means::default(), vec![of(&facts_of(1))], true);
    let story = begin(Request::automatic()).then(named()).then(taken(1));
    assert_eq!(story.run.result(), Some(RunResult::Refused));
    assert!(!story.wrote("armed"));
    let forced = Request { forced: [RefusalName::Quarantined].into(), ..Request::automatic() };
    assert_eq!(begin(forced).then(named()).then(taken(1)).wants, Some(Act::Arm));
}

#[test]
fn what_went_bad_is_not_good_because_its_checks_hold_for_a_moment() {
    let now = of(&facts_of(0));
    let story = Story::guard().then(with(Means::default(), vec![now], false)).then(taken(1));
    assert!(story.records.iter().any(|record| matches!(
        &record.body,
        Body::Graded { grade: backout_core::inventory::Grade::Candidate, why, .. } if why.contains("went bad before")
    )));
}
