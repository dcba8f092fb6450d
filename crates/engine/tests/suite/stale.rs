//! A plan is void when the world has moved since.

use std::collections::BTreeMap;

use backout_core::journal::{Body, RunResult, RunStarted};
use backout_core::plan::Agreed;
use backout_core::policy::RefusalName;
use backout_engine::{Prepared, prepare};
use backout_testkit::world::{Behaviour, Move};

use crate::scenario::{Scenario, back, guard, millis, rollback, seconds, service};

/// Moves the world as soon as a plan is recorded, as often as `moves` says.
async fn meddle(scenario: &Scenario, moves: &[&str]) {
    let mut seen = 0;
    for version in moves {
        while plans(scenario) == seen {
            scenario.clock.sleep(millis(1)).await;
        }
        seen = plans(scenario);
        scenario.platform.deploy(&service("app"), version);
    }
}

fn plans(scenario: &Scenario) -> usize {
    scenario.store.all().iter().filter(|record| matches!(record.body, Body::PlanMade { .. })).count()
}

/// The capture of what runs takes long enough for somebody to meddle.
async fn bad_app() -> Scenario {
    let scenario = Scenario::of_app().known_good().await;
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario.platform.faults(|faults| faults.capture_takes = millis(50));
    scenario
}

fn bad_deploy() -> Scenario {
    let scenario = Scenario::of_app().deploying(vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")]);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(2)));
    scenario.platform.faults(|faults| faults.capture_takes = millis(50));
    scenario
}

#[tokio::test(start_paused = true)]
async fn person_is_told_and_nothing_is_touched() {
    let scenario = bad_app().await;
    let (ended, ()) = tokio::join!(scenario.rollback(back()), meddle(&scenario, &["app:v3"]));
    assert_eq!((ended.result, ended.refusals()), (RunResult::Refused, vec![RefusalName::StaleFacts]));
    assert_eq!((scenario.running(), scenario.touched()), (vec!["app:v3".to_owned()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn pins_of_a_checkpoint_that_nobody_will_know_of_are_taken_away() {
    let scenario = bad_app().await;
    let before = scenario.platform.pinned();
    let (ended, ()) = tokio::join!(scenario.rollback(back()), meddle(&scenario, &["app:v3"]));
    assert_eq!(ended.result, RunResult::Refused);
    assert_eq!(scenario.platform.pinned(), before);
}

#[tokio::test(start_paused = true)]
async fn instance_that_was_only_replaced_does_not_void_the_plan() {
    let scenario = bad_app().await;
    let (ended, ()) = tokio::join!(scenario.rollback(back()), meddle(&scenario, &["app:v2"]));
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(plans(&scenario), 1);
}

/// What a person has seen before the run begins.
async fn agreed(scenario: &Scenario) -> RunStarted {
    let prepared = prepare(&scenario.world(), &back(), &BTreeMap::new()).await.unwrap();
    let Prepared::Plan(plan) = prepared else { panic!("{prepared:?}") };
    RunStarted { agreed: Some(Box::new(Agreed::of(&plan))), ..rollback(back()) }
}

#[tokio::test(start_paused = true)]
async fn plan_that_was_agreed_to_runs_although_instances_were_replaced() {
    let scenario = bad_app().await;
    let started = agreed(&scenario).await;
    scenario.platform.deploy(&service("app"), "app:v2");
    let ended = scenario.run(started, "run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn plan_that_was_agreed_to_does_not_run_in_another_world() {
    let scenario = bad_app().await;
    let started = agreed(&scenario).await;
    scenario.platform.deploy(&service("app"), "app:v3");
    let ended = scenario.run(started, "run-1").await.unwrap();
    assert_eq!((ended.result, ended.refusals()), (RunResult::Refused, vec![RefusalName::StaleFacts]));
    assert_eq!((scenario.running(), scenario.touched()), (vec!["app:v3".to_owned()], vec![]));
    assert_eq!(plans(&scenario), 0);
}

#[tokio::test(start_paused = true)]
async fn automatic_run_plans_anew() {
    let scenario = Scenario::of(&[("app", &[]), ("db", &[])]).probed("app");
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    let scenario = scenario.deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(2)));
    scenario.platform.faults(|faults| faults.capture_takes = millis(50));
    let meddle = async {
        while plans(&scenario) == 0 {
            scenario.clock.sleep(millis(1)).await;
        }
        scenario.platform.deploy(&service("db"), "db:v2");
    };
    let (ended, ()) = tokio::join!(scenario.guard(), meddle);
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(plans(&scenario), 2);
    assert_eq!(scenario.running(), ["app:v1", "db:v1"]);
}

#[tokio::test(start_paused = true)]
async fn automatic_run_in_a_world_that_never_rests_ends_with_a_person() {
    let scenario = Scenario::of(&[("app", &[]), ("db", &[])]).probed("app");
    let scenario = scenario.deploying(vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")]);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(2)));
    scenario.platform.faults(|faults| faults.capture_takes = millis(50));
    let versions = ["db:v2", "db:v3", "db:v4", "db:v5", "db:v6", "db:v7", "db:v8", "db:v9"];
    let meddle = async {
        for (seen, version) in versions.into_iter().enumerate() {
            while plans(&scenario) <= seen {
                scenario.clock.sleep(millis(1)).await;
            }
            scenario.platform.deploy(&service("db"), version);
        }
    };
    let ended = tokio::select! {
        ended = scenario.guard() => ended,
        () = async { meddle.await; std::future::pending().await } => unreachable!(),
    };
    assert_eq!((ended.result, ended.refusals()), (RunResult::Held, vec![RefusalName::StaleFacts]));
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn deploy_that_somebody_replaced_meanwhile_is_left_to_a_person() {
    let scenario = bad_deploy();
    let meddle = async {
        while !scenario.store.all().iter().any(|record| record.body.kind() == "judged") {
            scenario.clock.sleep(millis(1)).await;
        }
        scenario.platform.deploy(&service("app"), "app:v3");
    };
    let started = guard();
    let (ended, ()) = tokio::join!(scenario.run(started, "run-1"), meddle);
    let ended = ended.unwrap();
    // Either the plan was made before it, or after it: in no case is a version taken back that nobody suspected.
    assert_eq!((ended.result, ended.refusals()), (RunResult::Held, vec![RefusalName::SuspectNotRunning]));
    assert_eq!((scenario.running(), scenario.touched()), (vec!["app:v3".to_owned()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_took_back_by_hand_is_only_verified() {
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v1"), Move::Exit(3)];
    let scenario = Scenario::of_app().deploying(script);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.touched(), Vec::<String>::new());
    let again = scenario.run(rollback(back()), "run-2").await.unwrap();
    assert_eq!((again.result, again.refusals()), (RunResult::Refused, vec![RefusalName::TargetIsWhatRuns]));
}
