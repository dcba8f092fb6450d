//! What the state machine does next, station by station.

use backout_core::data::{DataAct, DataStep};
use backout_core::id::DatabaseName;
use backout_core::inventory::{DatabasesAfter, Fact, Seen, UnseenDatabase};
use backout_core::journal::{Body, DeployExit, Record, RunKind, RunResult, StepOutcome};
use backout_core::plan::{Action, Request};
use backout_core::policy::{Check, Refusal, RefusalName, Verdict};
use backout_core::run::{Act, CapturePurpose, Effect, GateVerdict, Run, gate};

use super::story::*;
use crate::world::{at, request};

#[test]
fn a_guard_that_was_interrupted_before_its_deploy_ends_aborted_and_never_starts_it() {
    let stations = [
        Story::guard(),
        Story::guard().then(before(Verdict::Healthy, false)),
        Story::guard().then(before(Verdict::Healthy, false)).then(taken(1)),
    ];
    for story in stations {
        let story = story.resumed();
        assert_eq!(story.run.result(), Some(RunResult::Aborted));
        assert!(!story.wrote("deploy_intended"));
    }
}

#[test]
fn a_guard_that_a_person_stops_before_its_deploy_never_starts_it() {
    for story in [Story::guard(), Story::guard().then(before(Verdict::Healthy, false))] {
        let story = story.meanwhile(abort());
        assert_eq!(story.run.result(), Some(RunResult::Aborted));
        assert!(story.summary().contains("before anything was changed"), "{}", story.summary());
    }
}

#[test]
fn an_intended_deploy_is_never_started_again() {
    let story = Story::armed();
    assert_eq!(story.wants, Some(Act::StartDeploy));
    let story = story.resumed();
    assert_eq!(story.wants, Some(Act::LookAfter));
    assert!(story.records.iter().any(|r| r.body == Body::DeployEnded { exit: DeployExit::Unseen }));
}

#[test]
fn a_guard_without_a_way_back_asks_to_be_forced() {
    let story = Story::guard().then(before(Verdict::Unhealthy, false)).then(taken(1));
    assert_eq!(story.run.result(), Some(RunResult::Refused));
    assert!(story.summary().contains("no-good-checkpoint"), "{}", story.summary());
    let forced = Request { forced: [RefusalName::NoGoodCheckpoint].into(), ..request() };
    let story = Story::begin(RunKind::Guard { command: Vec::new() }, forced);
    assert_eq!(story.then(before(Verdict::Unhealthy, false)).then(taken(1)).wants, Some(Act::Arm));
    let story = Story::guard().then(before(Verdict::Unhealthy, true)).then(taken(1));
    assert_eq!(story.wants, Some(Act::Arm), "an older good checkpoint will do");
}

#[test]
fn the_deploy_is_judged_by_its_exit_and_by_what_it_changed() {
    let (ok, bad) = (DeployExit::Code { code: 0 }, DeployExit::Code { code: 1 });
    let seen = || spec().world().facts(1);
    let table = [
        (ok.clone(), seen(), false, Act::Capture(CapturePurpose::Kept)),
        (ok.clone(), seen(), true, Act::Watch),
        (ok, unseen(), false, Act::Watch),
        (DeployExit::Unseen, seen(), true, Act::Watch),
        (DeployExit::Unseen, unseen(), false, Act::Watch),
        (DeployExit::Unseen, seen(), false, Act::Verify),
        (bad.clone(), seen(), false, Act::Verify),
        (DeployExit::NotStarted { why: "no such file".to_owned() }, seen(), false, Act::Verify),
        (bad.clone(), seen(), true, Act::Decide),
        (DeployExit::Signal { signal: 9 }, seen(), true, Act::Decide),
        (DeployExit::TimedOut, unseen(), true, Act::Decide),
    ];
    for (exit, facts, is_changed, wanted) in table {
        let story = Story::deployed(exit.clone(), facts, is_changed);
        assert_eq!(story.wants, Some(wanted), "{exit:?}, changed: {is_changed}");
    }
    let story = Story::deployed(bad, unseen(), false);
    assert_eq!(story.run.result(), Some(RunResult::Held), "nobody knows what it did");
}

#[test]
fn a_deploy_that_changed_a_schema_alone_changed_something() {
    let database = || DatabaseName::new("main").unwrap();
    let changed = DatabasesAfter { changed: vec![database()], unseen: Vec::new() };
    let why = "connection refused".to_owned();
    let unseen = DatabasesAfter { changed: Vec::new(), unseen: vec![UnseenDatabase { database: database(), why }] };
    let after = |code: i32, databases: &DatabasesAfter| {
        let facts = spec().world().facts(1);
        let story = Story::armed().then(Body::DeploySpawned { pid: 1, started_ticks: 1 });
        let story = story.then(Body::DeployEnded { exit: DeployExit::Code { code } });
        story.then(Body::AfterSeen { facts, changed: Vec::new(), data: databases.clone() })
    };
    assert_eq!(after(0, &changed).wants, Some(Act::Watch));
    assert_eq!(after(0, &unseen).wants, Some(Act::Watch));
    assert_eq!(after(1, &changed).wants, Some(Act::Decide));
    let held = after(1, &unseen);
    assert_eq!(held.run.result(), Some(RunResult::Held));
    let said = held.records.iter().any(|record| format!("{:?}", record.body).contains("`main` cannot be seen"));
    assert!(said, "{:?}", held.records);
}

#[test]
fn a_persons_rollback_of_a_database_stands_under_the_switch_before_its_first_step() {
    let with = |act: DataAct| {
        let database = DatabaseName::new("main").unwrap();
        let data = DataStep { database, act, fences: Vec::new() };
        let mut plan = a_plan();
        plan.steps[0].action = Action::Data(Box::new(data));
        let story = Story::begin(RunKind::Rollback, request()).then(before(Verdict::Unhealthy, true));
        story.then(Body::PlanMade { plan: Box::new(plan) }).then(taken(1))
    };
    let story = with(DataAct::DropCopy { copy: "copy".to_owned() });
    assert_eq!(story.wants, Some(Act::Arm));
    let resumed = Run::replay(&story.records).unwrap().handle(Body::TakenOver { by: "ada".to_owned(), pid: 2 }, at(0));
    assert!(!resumed.unwrap().contains(&Effect::Do(Act::Arm)), "whoever goes on stands by already");
    let story = story.then(Body::Armed { pid: 7 });
    assert!(matches!(story.wants, Some(Act::Execute { .. })), "{:?}", story.wants);
    let lists = DataAct::SoftRestore { objects: Vec::new() };
    assert_eq!(with(lists).wants, Some(Act::Arm));
    assert!(!Story::executing().run.state().is_armed);
}

#[test]
fn a_verdict_leads_to_its_decision() {
    let deployed = || Story::deployed(DeployExit::Code { code: 0 }, Vec::new(), true);
    for wants_person in [false, true] {
        let bad = deployed().then(judged(Verdict::Unhealthy, wants_person));
        assert_eq!(bad.wants, Some(Act::Decide), "the policy knows what a trigger asks for");
    }
    for (verdict, result) in [
        (Verdict::Healthy, RunResult::Kept),
        (Verdict::Inconclusive, RunResult::KeptUnproven),
        (Verdict::Unmeasurable, RunResult::KeptUnproven),
    ] {
        let story = deployed().then(judged(verdict, false)).then(taken(2));
        assert_eq!(story.run.result(), Some(result));
    }
}

#[test]
fn a_deploy_that_changed_nothing_is_not_said_to_have_been_watched() {
    let story = Story::deployed(DeployExit::Code { code: 0 }, Vec::new(), false).then(taken(2));
    assert_eq!(story.run.result(), Some(RunResult::Kept));
    let mut grades = story.records.iter().filter_map(|record| match &record.body {
        Body::Graded { why, .. } => Some(why.as_str()),
        _ => None,
    });
    assert!(grades.next_back().unwrap().contains("changed nothing"));
}

#[test]
fn a_way_back_that_is_refused_after_a_bad_deploy_holds_for_a_person() {
    let refusals = vec![Refusal { name: RefusalName::TargetGone, what: "no image".to_owned(), hint: String::new() }];
    let story = Story::deployed(DeployExit::Code { code: 1 }, Vec::new(), true).then(rolling_back());
    let story = story.then(Body::Refused { refusals: refusals.clone() });
    assert_eq!(story.run.result(), Some(RunResult::Held));
    assert!(story.summary().contains("target-gone: no image"), "{}", story.summary());
    let story = Story::begin(RunKind::Rollback, request()).then(before(Verdict::Healthy, true));
    let story = story.then(Body::Refused { refusals });
    assert_eq!(story.run.result(), Some(RunResult::Refused));
}

#[test]
fn a_plan_with_something_in_its_way_is_not_executed() {
    let mut plan = a_plan();
    plan.blocked_by = vec![Refusal { name: RefusalName::StaleFacts, what: "it moved".to_owned(), hint: String::new() }];
    let story = Story::begin(RunKind::Rollback, request()).then(before(Verdict::Healthy, true));
    let story = story.then(Body::PlanMade { plan: Box::new(plan) });
    assert_eq!(story.run.result(), Some(RunResult::Refused));
}

#[test]
fn a_step_is_tried_as_often_as_the_plan_says_and_then_undone() {
    let story = Story::executing();
    assert_eq!(story.wants, Story::execute(1, 1));
    let story = story.step(1, 1, done()).step(2, 1, failed());
    assert_eq!(story.wants, Story::execute(2, 2));
    let story = story.step(2, 2, failed());
    assert_eq!(story.wants, Some(Act::Undo { step: backout_core::id::StepId(2) }));
    let outcome = StepOutcome::Done { seen: "v1 runs again".to_owned() };
    let story = story.then(Body::UndoEnded { step: backout_core::id::StepId(2), outcome });
    assert_eq!(story.wants, Some(Act::Verify), "nothing more is done");
    let story = story.then(verified(vec![check(Verdict::Healthy)]));
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    for part in ["the port is taken", "it was undone: v1 runs again", "not back: `f` runs v1"] {
        assert!(story.summary().contains(part), "{part} is not in: {}", story.summary());
    }
}

#[test]
fn an_undo_that_fails_says_what_runs() {
    let story = Story::executing().step(1, 1, done()).step(2, 1, failed()).step(2, 2, failed());
    let story = story.then(Body::UndoEnded { step: backout_core::id::StepId(2), outcome: failed() });
    let facts = vec![Fact { seen: Seen::Absent, ..spec().world().facts(1)[0].clone() }];
    let story = story.then(Body::Verified { checks: vec![check(Verdict::Unhealthy)], facts, red: Vec::new() });
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    for part in ["it could not be undone: the port is taken", "not back: `f` is absent"] {
        assert!(story.summary().contains(part), "{part} is not in: {}", story.summary());
    }
}

#[test]
fn an_interruption_is_no_failure_of_the_step() {
    let story = Story::executing().step(1, 1, done()).resumed();
    assert_eq!(story.wants, Some(Act::Reobserve { step: backout_core::id::StepId(2), attempt: 1 }));
    let story = story.step(2, 1, not_there()).step(2, 2, failed());
    assert_eq!(story.wants, Story::execute(2, 3), "it has failed once, and may be tried twice");
}

#[test]
fn a_step_that_only_looks_is_never_undone() {
    let mut story = Story::executing().step(1, 1, done()).step(2, 1, done());
    for attempt in 1..=4 {
        assert_eq!(story.wants, Story::execute(3, attempt));
        story = story.resumed().step(3, attempt, not_there());
    }
    assert_eq!(story.wants, Some(Act::Verify), "it is passed over: the verification says how it is");
    let story = Story::executing().step(1, 1, failed()).step(2, 1, done());
    assert_eq!(story.wants, Story::execute(3, 1), "evidence that cannot be had holds nothing up");
    assert_eq!(story.step(3, 1, failed()).wants, Some(Act::Verify));
}

#[test]
fn a_step_that_is_unclear_holds_for_a_person() {
    let unclear = StepOutcome::Unclear { why: "no answer".to_owned() };
    let story = Story::executing().step(1, 1, done()).step(2, 1, unclear);
    assert_eq!(story.run.result(), Some(RunResult::Held));
}

#[test]
fn an_abort_takes_effect_between_two_steps_and_not_within_one() {
    let story = Story::executing().step(1, 1, done()).meanwhile(abort());
    assert_eq!(story.run.result(), None);
    let story = story.step(2, 1, done());
    assert_eq!(story.run.result(), Some(RunResult::Aborted));
}

#[test]
fn an_abort_after_a_failed_try_puts_back_what_ran() {
    let story = Story::executing().step(1, 1, done()).meanwhile(abort()).step(2, 1, failed());
    assert_eq!(story.wants, Some(Act::Undo { step: backout_core::id::StepId(2) }));
}

#[test]
fn what_comes_in_between_does_not_ask_for_the_act_again() {
    let replaced = Body::FileReplaced { path: "/etc/a".to_owned(), was: None };
    let story = Story::executing().step(1, 1, done()).meanwhile(replaced);
    assert_eq!(story.step(2, 1, done()).wants, Story::execute(3, 1));
}

#[test]
fn steps_are_done_in_order_and_gates_alone_end_them_early() {
    let mut story = Story::executing();
    let skip = Body::StepIntended { step: backout_core::id::StepId(3), attempt: 1 };
    assert!(story.run.handle(skip, at(0)).is_err());
    let recovered = StepOutcome::Recovered { seen: "all hold".to_owned() };
    let early = Body::StepEnded { step: backout_core::id::StepId(1), attempt: 1, outcome: recovered, took_ms: 1 };
    assert!(story.run.handle(early, at(0)).is_err());
}

#[test]
fn nothing_can_stand_before_the_run_is_announced_or_after_it_has_ended() {
    let record = |body: Body| Record { body, ..Story::guard().records.remove(0) };
    for body in [abort(), Body::FileReplaced { path: "/a".to_owned(), was: None }, Body::DeployIntended] {
        assert!(Run::replay(&[record(body)]).is_err());
    }
    let mut story = Story::guard().meanwhile(abort());
    assert!(story.run.handle(abort(), at(0)).is_err());
}

#[test]
fn checks_that_cannot_be_measured_or_were_red_before_do_not_block() {
    let arrived = || Story::executing().step(1, 1, done()).step(2, 1, done()).step(3, 1, done());
    let red_before = Check { was_red_before: true, ..check(Verdict::Unhealthy) };
    for harmless in [check(Verdict::Unmeasurable), check(Verdict::Inconclusive), red_before, check(Verdict::Healthy)] {
        let story = arrived().then(verified(vec![harmless]));
        assert_eq!(story.run.result(), Some(RunResult::RolledBack));
    }
    let story = arrived().then(verified(vec![check(Verdict::Healthy), check(Verdict::Unhealthy)]));
    assert_eq!(story.run.result(), Some(RunResult::NotVerified));
    assert!(story.summary().contains("f.up: 503"), "{}", story.summary());
}

#[test]
fn a_gate_compares_before_with_now() {
    use Verdict::{Healthy, Inconclusive, Unhealthy, Unmeasurable};
    let red = Check { was_red_before: true, ..check(Unhealthy) };
    let worse = || GateVerdict::Worsened("f.up: 503".to_owned());
    let table = [
        (vec![check(Unhealthy)], vec![check(Healthy)], GateVerdict::Recovered),
        (vec![check(Unhealthy)], vec![check(Unhealthy)], GateVerdict::GoOn),
        (vec![check(Unhealthy)], vec![check(Unmeasurable)], GateVerdict::GoOn),
        (vec![check(Unhealthy)], vec![check(Inconclusive)], GateVerdict::GoOn),
        (vec![check(Unhealthy)], vec![], GateVerdict::GoOn),
        (vec![check(Healthy)], vec![check(Unhealthy)], worse()),
        (vec![check(Healthy)], vec![check(Unmeasurable)], GateVerdict::GoOn),
        (vec![check(Healthy)], vec![check(Healthy)], GateVerdict::GoOn),
        (vec![check(Unmeasurable)], vec![check(Unhealthy)], GateVerdict::GoOn),
        (vec![], vec![check(Unhealthy)], GateVerdict::GoOn),
        (vec![red.clone()], vec![check(Healthy)], GateVerdict::GoOn),
        (vec![check(Healthy)], vec![red], GateVerdict::GoOn),
    ];
    for (before, now, verdict) in table {
        assert_eq!(gate(&before, &now), verdict, "{before:?} then {now:?}");
    }
    let other = |verdict| Check { name: "b.up".to_owned(), ..check(verdict) };
    assert_eq!(gate(&[check(Unhealthy), other(Healthy)], &[check(Healthy), other(Healthy)]), GateVerdict::Recovered);
    assert_eq!(
        gate(&[check(Unhealthy), other(Healthy)], &[check(Healthy), other(Unmeasurable)]),
        GateVerdict::Recovered
    );
    assert_eq!(gate(&[check(Healthy), other(Unhealthy)], &[check(Unhealthy), other(Healthy)]), worse());
}
