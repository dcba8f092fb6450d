//! A process that dies at any point of a run, and another that goes on: the same end as if nothing had happened.
//!
//! The points are not picked by hand: a run that is not disturbed is played once and its points are counted (before and
//! after every record, every act on a service, every file, every pin, every blob, the start of the deploy command); then
//! it is played again for each of them, dying there.

use std::collections::BTreeSet;

use backout_core::id::RunId;
use backout_core::journal::{Body, RunResult, RunStarted};
use backout_engine::begin;
use backout_testkit::world::{Act, Behaviour, Move, SwitchFault};

use crate::scenario::{Ended, Scenario, back, guard, rollback, seconds, service};

const RUN: &str = "run-1";
const STACK: [(&str, &[&str]); 4] = [("db", &[]), ("app", &["db"]), ("web", &["app"]), ("worker", &["db"])];
const FILE: &str = "/srv/shop/app.toml";

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    result: RunResult,
    running: Vec<String>,
    file: Option<Vec<u8>>,
    read: Vec<Option<Vec<u8>>>,
}

/// One run on a new world.
struct Played {
    scenario: Scenario,
    end: End,
    /// The last record before the process died.
    died_after: Option<&'static str>,
}

fn end(scenario: &Scenario, ended: &Ended) -> End {
    End {
        result: ended.result,
        running: scenario.running(),
        file: scenario.files.bytes(FILE),
        read: scenario.platform.has_read(&service("app"), FILE),
    }
}

/// Plays a run whose process dies at these points, one process after the other, counted from the start of each.
async fn play(scenario: Scenario, started: RunStarted, deaths: &[usize]) -> Played {
    let mut deaths = deaths.iter().copied();
    let run = RunId::new(RUN).unwrap();
    let lease = scenario.lease("first process").await;
    let world = scenario.world();
    scenario.fuse.renew(deaths.next());
    let first = scenario.fuse.until_blown(begin(&world, &lease, run.clone(), started)).await;
    if let Some(result) = first {
        let ended = scenario.ended(&run, result.unwrap());
        return Played { end: end(&scenario, &ended), scenario, died_after: None };
    }
    let died_after = scenario.store.all().last().map(|record| record.body.kind());
    for death in deaths {
        scenario.fuse.renew(Some(death));
        if let Some(ended) = scenario.fuse.until_blown(scenario.resume(RUN)).await {
            // Nothing is left to be done where the run had ended already.
            ended.unwrap();
        }
    }
    scenario.fuse.renew(None);
    let ended = scenario.resume(RUN).await.unwrap();
    Played { end: end(&scenario, &ended), scenario, died_after }
}

/// Whether the first process died before its run was announced: then there is nothing to go on with.
fn was_never_begun(scenario: &Scenario) -> bool {
    !scenario.store.all().iter().any(|record| record.run.as_ref().is_some_and(|run| run.as_str() == RUN))
}

/// The stack, known to be good, whose `v2` then went bad: all but `worker` run it, and `app` has another file.
async fn bad_stack() -> Scenario {
    let scenario = Scenario::of(&STACK).probed("app").probed("web").configured("app", FILE, b"colour = 1");
    let scenario = scenario.known_good().await;
    scenario.files.put(FILE, b"colour = 2");
    for name in ["db", "app", "web"] {
        scenario.platform.deploy(&service(name), &format!("{name}:v2"));
    }
    scenario
}

async fn failing_stack() -> Scenario {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("web"), "web:v1", Behaviour::well());
    scenario.platform.faults(|faults| faults.switch(&service("web"), SwitchFault::PortTaken, 2));
    scenario
}

async fn restarted_app() -> Scenario {
    let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1").known_good().await;
    scenario.files.put(FILE, b"colour = 2");
    scenario.platform.deploy(&service("app"), "app:v1");
    scenario
}

async fn guarded(behaviour: Behaviour) -> Scenario {
    let script = vec![
        Move::Wait(seconds(2)),
        Move::Write(FILE, b"colour = 2"),
        Move::Deploy(service("app"), "app:v2"),
        Move::Wait(seconds(1)),
    ];
    let scenario = Scenario::of_app().configured("app", FILE, b"colour = 1").deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", behaviour);
    scenario
}

/// The points that an undisturbed run passes.
async fn points(scenario: Scenario, started: RunStarted) -> (Vec<String>, End) {
    let played = play(scenario, started, &[]).await;
    (played.scenario.fuse.passed(), played.end)
}

/// No act is done where the world is as the act would have it, beyond those of an undisturbed run; how often one was,
/// because a service had to be started again with its file and died half-way, is counted.
fn needless(acts: &[Act]) -> Vec<&Act> {
    acts.iter().filter(|act| act.was_so_already).collect()
}

#[tokio::test(start_paused = true)]
async fn rollback_of_a_stack_that_dies_anywhere_ends_as_if_it_had_not() {
    let (points, undisturbed) = points(bad_stack().await, rollback(back())).await;
    assert!(points.len() > 60, "{}", points.len());
    assert_eq!(undisturbed.result, RunResult::RolledBack);
    assert_eq!(undisturbed.running, ["app:v1", "db:v1", "web:v1", "worker:v1"]);
    assert_eq!(undisturbed.read, [Some(b"colour = 1".to_vec())]);
    for (death, point) in points.iter().enumerate() {
        let scenario = bad_stack().await;
        let run_not_begun = death == 0;
        if run_not_begun {
            continue;
        }
        let played = play(scenario, rollback(back()), &[death + 1]).await;
        assert_eq!(played.end, undisturbed, "{death}: {point}");
        assert_eq!(needless(&played.scenario.platform.acts()), Vec::<&Act>::new(), "{death}: {point}");
    }
}

#[tokio::test(start_paused = true)]
async fn run_that_died_before_it_was_announced_is_unknown() {
    let scenario = bad_stack().await;
    let lease = scenario.lease("first process").await;
    scenario.fuse.renew(Some(1));
    let run = RunId::new(RUN).unwrap();
    let world = scenario.world();
    assert!(scenario.fuse.until_blown(begin(&world, &lease, run, rollback(back()))).await.is_none());
    scenario.fuse.renew(None);
    assert!(was_never_begun(&scenario));
    let error = scenario.resume(RUN).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no run `run-1`");
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn rollback_that_dies_twice_ends_as_if_it_had_not() {
    let (points, undisturbed) = points(bad_stack().await, rollback(back())).await;
    for first in (2..=points.len()).step_by(3) {
        for second in (2..=points.len()).step_by(7) {
            let played = play(bad_stack().await, rollback(back()), &[first, second]).await;
            assert_eq!(played.end, undisturbed, "{first}, then {second}");
            assert_eq!(needless(&played.scenario.platform.acts()), Vec::<&Act>::new(), "{first}, then {second}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rollback_whose_switch_fails_ends_the_same_wherever_it_dies() {
    let (points, undisturbed) = points(failing_stack().await, rollback(back())).await;
    assert_eq!(undisturbed.result, RunResult::NotVerified);
    assert_eq!(undisturbed.running, ["app:v1", "db:v1", "web:v2", "worker:v1"]);
    let mut recovered = Vec::new();
    for (death, point) in points.iter().enumerate().skip(1) {
        let played = play(failing_stack().await, rollback(back()), &[death + 1]).await;
        let web = played.scenario.platform.running(&service("web"));
        match played.end.result {
            // A try that was interrupted is not counted as a failure, so one more is made, and the fault is over by then.
            RunResult::RolledBack => {
                assert_eq!(web, ["web:v1"], "{death}: {point}");
                recovered.push(point);
            }
            _ => assert_eq!(played.end, undisturbed, "{death}: {point}"),
        }
        assert!(!web.is_empty() && !web[0].starts_with('!'), "{death}: {point}: {web:?}");
    }
    assert!(recovered.iter().all(|point| point.contains("web") || point.contains("step") || point.contains("undo")));
}

#[tokio::test(start_paused = true)]
async fn service_that_must_be_started_again_with_its_file_is_wherever_the_process_dies() {
    let (points, undisturbed) = points(restarted_app().await, rollback(back())).await;
    assert_eq!(undisturbed.result, RunResult::RolledBack);
    assert_eq!((undisturbed.file.clone(), undisturbed.read.clone()), good_file());
    for (death, point) in points.iter().enumerate().skip(1) {
        let played = play(restarted_app().await, rollback(back()), &[death + 1]).await;
        assert_eq!(played.end, undisturbed, "{death}: {point}");
        let switches = played.scenario.platform.acts().len();
        assert!((1..=2).contains(&switches), "{death}: {point}: {switches}");
    }
}

#[tokio::test(start_paused = true)]
async fn guard_that_has_to_try_again_goes_back_wherever_it_dies() {
    let unlucky = || async {
        let scenario = guarded(Behaviour::well().answers_wrongly_after(seconds(3))).await;
        scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::FailsBefore, 3));
        scenario
    };
    let (points, undisturbed) = points(unlucky().await, guard()).await;
    assert_eq!(undisturbed.result, RunResult::RolledBack);
    for (death, point) in points.iter().enumerate().skip(1) {
        let played = play(unlucky().await, guard(), &[death + 1]).await;
        assert_eq!(played.end.running, ["app:v1"], "{death}: {point}");
        if played.scenario.deployer.starts() == 1 {
            assert_eq!(played.end, undisturbed, "{death}: {point}");
        }
    }
}

fn good_file() -> (Option<Vec<u8>>, Vec<Option<Vec<u8>>>) {
    (Some(b"colour = 1".to_vec()), vec![Some(b"colour = 1".to_vec())])
}

/// Plays a guard that dies at every point, and says in which other ways than undisturbed it ended, by what it had recorded
/// last.
async fn guard_that_dies_everywhere(behaviour: Behaviour) -> (End, BTreeSet<String>) {
    let (points, undisturbed) = points(guarded(behaviour.clone()).await, guard()).await;
    let mut others = BTreeSet::new();
    for (death, point) in points.iter().enumerate().skip(1) {
        let played = play(guarded(behaviour.clone()).await, guard(), &[death + 1]).await;
        let starts = played.scenario.deployer.starts();
        assert!(starts <= 1, "{death}: {point}: started {starts} times");
        assert_eq!(needless(&played.scenario.platform.acts()), Vec::<&Act>::new(), "{death}: {point}");
        if starts == 1 {
            let End { result, running, file, read } = &played.end;
            assert_eq!(
                (running, file, read),
                (&undisturbed.running, &undisturbed.file, &undisturbed.read),
                "{death}: {point}"
            );
            assert_eq!(*result, undisturbed.result, "{death}: {point}");
        } else {
            assert_eq!(played.end.running, ["app:v1"], "{death}: {point}");
        }
        if played.end.result != undisturbed.result {
            others.insert(format!("{}: {:?}", played.died_after.unwrap_or("nothing"), played.end.result));
        }
    }
    (undisturbed, others)
}

#[tokio::test(start_paused = true)]
async fn guard_of_a_bad_deploy_that_dies_anywhere_takes_it_back() {
    let bad = Behaviour::well().answers_wrongly_after(seconds(3));
    let (undisturbed, others) = guard_that_dies_everywhere(bad).await;
    assert_eq!((undisturbed.result, undisturbed.running), (RunResult::RolledBack, vec!["app:v1".to_owned()]));
    let announced_and_not_started = "deploy_intended: Kept".to_owned();
    let expected: Vec<String> =
        BEFORE_THE_DEPLOY.into_iter().map(str::to_owned).chain([announced_and_not_started]).collect();
    assert_eq!(others, expected.into_iter().collect());
}

#[tokio::test(start_paused = true)]
async fn guard_of_a_good_deploy_that_dies_anywhere_keeps_it() {
    let (undisturbed, others) = guard_that_dies_everywhere(Behaviour::well()).await;
    assert_eq!((undisturbed.result, undisturbed.running), (RunResult::Kept, vec!["app:v2".to_owned()]));
    assert_eq!(others, BEFORE_THE_DEPLOY.into_iter().map(str::to_owned).collect());
}

/// Where a guard that dies ends otherwise than undisturbed: before the deploy command is announced, nothing happens. One
/// that was announced and not started is not known not to run, so what runs is watched, and kept.
const BEFORE_THE_DEPLOY: [&str; 5] =
    ["armed: Aborted", "before_seen: Aborted", "checkpoint_taken: Aborted", "graded: Aborted", "run_started: Aborted"];

#[tokio::test(start_paused = true)]
async fn guard_that_dies_twice_starts_its_deploy_command_once() {
    let bad = Behaviour::well().answers_wrongly_after(seconds(3));
    let (points, undisturbed) = points(guarded(bad.clone()).await, guard()).await;
    for first in (2..=points.len()).step_by(4) {
        for second in (1..=points.len()).step_by(9) {
            let played = play(guarded(bad.clone()).await, guard(), &[first, second]).await;
            assert!(played.scenario.deployer.starts() <= 1, "{first}, then {second}");
            if played.scenario.deployer.starts() == 1 {
                assert_eq!(played.end, undisturbed, "{first}, then {second}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_record_is_intent_before_its_outcome() {
    let played = play(bad_stack().await, rollback(back()), &[]).await;
    let mut intended = None;
    for record in played.scenario.store.all() {
        match record.body {
            Body::StepIntended { step, attempt } => intended = Some((step, attempt)),
            Body::StepEnded { step, attempt, .. } => assert_eq!(intended.take(), Some((step, attempt))),
            _ => {}
        }
    }
}
