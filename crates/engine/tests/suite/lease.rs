//! One writer an environment: whoever lost the lease stops before its next act, and an interrupted run stays open.

use backout_core::id::RunId;
use backout_core::journal::RunResult;
use backout_core::port::Store;
use backout_engine::{EngineError, Interrupt, StandBy, Successor, World, begin, resume, take_over};
use backout_testkit::world::{Behaviour, Move, SwitchFault};

use crate::scenario::{Scenario, TTL, back, guard, millis, rollback, seconds, service};

const STACK: [(&str, &[&str]); 3] = [("db", &[]), ("app", &["db"]), ("web", &["app"])];

async fn bad_stack() -> Scenario {
    let scenario = Scenario::of(&STACK).known_good().await;
    for (name, _) in STACK {
        scenario.platform.deploy(&service(name), &format!("{name}:v2"));
    }
    scenario
}

fn run() -> RunId {
    RunId::new("run-1").unwrap()
}

fn successor() -> Successor {
    Successor { holder: "dead-man's switch".to_owned(), pid: 9_000, ttl: TTL }
}

#[tokio::test(start_paused = true)]
async fn process_whose_lease_was_taken_over_does_nothing_more() {
    let scenario = bad_stack().await;
    // The database takes longer to become healthy than the lease lasts, and nobody renews it.
    scenario.platform.teach(&service("db"), "db:v1", Behaviour::well().healthy_after(seconds(40)));
    let lease = scenario.lease("first process").await;
    let world = scenario.world();
    let first = begin(&world, &lease, run(), rollback(back()));
    let thief = async {
        scenario.clock.sleep(TTL + seconds(1)).await;
        scenario.store.acquire(&scenario.environment.name, "second process", TTL).await.unwrap();
    };
    let (ended, ()) = tokio::join!(first, thief);
    assert!(matches!(ended, Err(EngineError::Superseded)), "{ended:?}");
    assert_eq!(scenario.touched(), ["db"]);
    assert_eq!(scenario.running(), ["app:v2", "db:v1", "web:v2"]);
}

#[tokio::test(start_paused = true)]
async fn record_that_the_journal_does_not_take_keeps_its_act_from_being_done() {
    let scenario = bad_stack().await;
    scenario.store.refuse(Some("step_intended"));
    let error = scenario.run(rollback(back()), "run-1").await.unwrap_err();
    assert!(matches!(error, EngineError::Store(_)), "{error:?}");
    assert_eq!(scenario.touched(), Vec::<String>::new());
    scenario.store.refuse(None);
    let ended = scenario.resume("run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn replaced_file_that_cannot_be_recorded_is_not_replaced() {
    let scenario = Scenario::of_app().configured("app", "/srv/app.toml", b"1").known_good().await;
    scenario.files.put("/srv/app.toml", b"2");
    scenario.store.refuse(Some("file_replaced"));
    let ended = scenario.rollback(back()).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(scenario.files.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn interrupted_run_stays_open_and_can_be_resumed() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("db"), "db:v1", Behaviour::well().healthy_after(seconds(5)));
    let begun = scenario.clock.now();
    let interrupt = async {
        scenario.clock.sleep(seconds(2)).await;
        scenario.interrupt.send_replace(Interrupt::Asked);
    };
    let (ended, ()) = tokio::join!(scenario.run(rollback(back()), "run-1"), interrupt);
    assert!(matches!(ended, Err(EngineError::Interrupted)), "{ended:?}");
    assert_eq!(scenario.touched(), ["db"]);
    // What waits for health changes nothing, so nothing is finished first.
    assert_eq!((scenario.clock.now().duration_since(begun).as_secs(), scenario.watcher.finishing().len()), (2, 0));
    scenario.interrupt.send_replace(Interrupt::None);
    let ended = scenario.resume("run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.touched(), ["db", "app", "web"]);
}

#[tokio::test(start_paused = true)]
async fn interruption_in_the_middle_of_a_switch_lets_it_end() {
    let scenario = bad_stack().await;
    let interrupt = async {
        while scenario.touched().is_empty() {
            scenario.clock.sleep(millis(10)).await;
        }
        scenario.interrupt.send_replace(Interrupt::Asked);
    };
    let (ended, ()) = tokio::join!(scenario.run(rollback(back()), "run-1"), interrupt);
    assert!(matches!(ended, Err(EngineError::Interrupted)), "{ended:?}");
    assert_eq!(scenario.running(), ["app:v2", "db:v1", "web:v2"]);
}

#[tokio::test(start_paused = true)]
async fn person_who_insists_does_not_wait_for_a_switch_and_resume_ends_it() {
    let scenario = bad_stack().await;
    let begun = scenario.clock.now();
    scenario.platform.faults(|faults| faults.switch(&service("db"), SwitchFault::HangsBefore, 1));
    let interrupt = async {
        scenario.clock.sleep(seconds(5)).await;
        scenario.interrupt.send_replace(Interrupt::Asked);
        scenario.clock.sleep(seconds(5)).await;
        scenario.interrupt.send_replace(Interrupt::Insisted);
    };
    let (ended, ()) = tokio::join!(scenario.run(rollback(back()), "run-1"), interrupt);
    assert!(matches!(ended, Err(EngineError::Interrupted)), "{ended:?}");
    assert!(scenario.clock.now().duration_since(begun).as_secs() < 15);
    let finishing = scenario.watcher.finishing();
    assert!(finishing.len() == 1 && finishing[0].contains("finishing step 4 (switch `db`"), "{finishing:?}");
    scenario.interrupt.send_replace(Interrupt::None);
    let ended = scenario.resume("run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn interrupted_guard_leaves_its_deploy_command_alone() {
    let script = vec![Move::Wait(seconds(5)), Move::Deploy(service("app"), "app:v2")];
    let scenario = Scenario::of_app().deploying(script);
    let interrupt = async {
        scenario.clock.sleep(seconds(2)).await;
        scenario.interrupt.send_replace(Interrupt::Asked);
    };
    let (ended, ()) = tokio::join!(scenario.run(guard(), "run-1"), interrupt);
    assert!(matches!(ended, Err(EngineError::Interrupted)), "{ended:?}");
    assert!(scenario.deployer.is_running());
    scenario.interrupt.send_replace(Interrupt::None);
    let ended = scenario.resume("run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    assert_eq!((scenario.running(), scenario.deployer.starts()), (vec!["app:v2".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn run_that_has_ended_answers_with_its_result() {
    let scenario = bad_stack().await;
    let ended = scenario.run(rollback(back()), "run-1").await.unwrap();
    let again = scenario.resume("run-1").await.unwrap();
    assert_eq!((again.result, again.records.len()), (RunResult::RolledBack, ended.records.len()));
}

#[tokio::test(start_paused = true)]
async fn whoever_stands_by_ends_quietly_with_the_run() {
    let scenario = bad_stack().await;
    let world = scenario.another_world();
    let (run, by) = (run(), successor());
    let stand_by = async {
        scenario.clock.sleep(millis(1)).await;
        take_over(&world, &run, &by, millis(500)).await
    };
    let (ended, stand_by) = tokio::join!(scenario.run(rollback(back()), "run-1"), stand_by);
    assert_eq!(ended.unwrap().result, RunResult::RolledBack);
    assert_eq!(stand_by.unwrap(), StandBy::RunEnded);
    let taken_over = scenario.store.all().iter().any(|record| record.body.kind() == "taken_over");
    assert!(!taken_over);
}

/// A guard of a bad deploy that is killed so long after its start, and nobody but the switch does anything. Answers with
/// how many seconds after that the old version runs again.
async fn killed_guard(scenario: &Scenario, after: u64) -> (StandBy, i64) {
    let world = scenario.world();
    let lease = scenario.lease("guard").await;
    let killed = tokio::time::timeout(seconds(after), begin(&world, &lease, run(), guard())).await;
    assert!(killed.is_err());
    let died_at = scenario.clock.now();
    let other: World = scenario.another_world();
    let stand_by = take_over(&other, &run(), &successor(), millis(500)).await.unwrap();
    (stand_by, scenario.clock.now().duration_since(died_at).as_secs())
}

#[tokio::test(start_paused = true)]
async fn killed_guard_of_a_bad_deploy_is_finished_by_the_switch() {
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    let mut scenario = Scenario::of_app().deploying(script);
    scenario.environment.guard.soak = seconds(60);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(5)));
    let (stand_by, took) = killed_guard(&scenario, 3).await;
    assert_eq!(stand_by, StandBy::TookOver(RunResult::RolledBack));
    assert_eq!(scenario.running(), ["app:v1"]);
    assert!(took < 30 + 10, "{took} s");
}

#[tokio::test(start_paused = true)]
async fn version_that_went_bad_while_nobody_watched_is_not_kept() {
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    let scenario = Scenario::of_app().deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(5)));
    // The soak of ten seconds is long over when the lease expires.
    let (stand_by, _) = killed_guard(&scenario, 3).await;
    assert_eq!(stand_by, StandBy::TookOver(RunResult::RolledBack));
}

#[tokio::test(start_paused = true)]
async fn whoever_stands_by_outlasts_a_journal_that_cannot_be_used() {
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    let scenario = Scenario::of_app().deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(5)));
    scenario.store.refuse(Some("judged"));
    let mend = async {
        scenario.clock.sleep(seconds(120)).await;
        scenario.store.refuse(None);
    };
    let ((stand_by, _), ()) = tokio::join!(killed_guard(&scenario, 3), mend);
    assert_eq!(stand_by, StandBy::TookOver(RunResult::RolledBack));
    assert_eq!((scenario.running(), scenario.deployer.starts()), (vec!["app:v1".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_stands_by_and_loses_the_run_to_a_person_waits_for_its_end() {
    let scenario = bad_stack().await;
    scenario.platform.teach(&service("db"), "db:v1", Behaviour::well().healthy_after(seconds(20)));
    let lease = scenario.lease("first process").await;
    let world = scenario.world();
    let killed = tokio::time::timeout(millis(100), begin(&world, &lease, run(), rollback(back()))).await;
    assert!(killed.is_err());
    scenario.store.release(&lease).await.unwrap();
    let (other, run_id, by) = (scenario.another_world(), run(), successor());
    let person = async {
        scenario.clock.sleep(seconds(5)).await;
        let lease = scenario.store.seize(&scenario.environment.name, "a person", TTL).unwrap();
        let result = resume(&scenario.another_world(), &lease, run(), "a person".to_owned(), 3).await;
        scenario.store.release(&lease).await.unwrap();
        result
    };
    let stand_by = async {
        let stand_by = take_over(&other, &run_id, &by, millis(500)).await;
        (stand_by, scenario.store.all().last().map(|record| record.body.kind()))
    };
    let ((stand_by, last), person) = tokio::join!(stand_by, person);
    assert_eq!(person.unwrap(), RunResult::RolledBack);
    assert_eq!((stand_by.unwrap(), last), (StandBy::RunEnded, Some("run_ended")));
    // The first switch was half-way when its process was killed, so it is the only one that was done twice.
    assert_eq!(scenario.touched(), ["db", "db", "app", "web"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_stands_by_can_be_stopped() {
    let scenario = bad_stack().await;
    let _held = scenario.lease("somebody").await;
    scenario.interrupt.send_replace(Interrupt::Asked);
    let error = take_over(&scenario.another_world(), &run(), &successor(), millis(500)).await.unwrap_err();
    assert!(matches!(error, EngineError::Interrupted), "{error:?}");
}
