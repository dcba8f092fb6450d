//! A guarded deploy with a database: restore points, what the deploy did to the schema, and rows that it broke.

use std::time::Duration;

use backout_core::data::DataPoint;
use backout_core::inventory::Checkpoint;
use backout_core::journal::{Body, RunResult};
use backout_engine::{Interrupt, restore_points};
use backout_testkit::world::{Move, Shift};

use crate::scenario::{Ended, Scenario, guard, seconds, service};

fn checkpoints(ended: &Ended) -> Vec<Checkpoint> {
    let taken = ended.records.iter().filter_map(|record| match &record.body {
        Body::CheckpointTaken { checkpoint } => Some((**checkpoint).clone()),
        _ => None,
    });
    taken.collect()
}

fn points(ended: &Ended) -> Vec<DataPoint> {
    checkpoints(ended).into_iter().flat_map(|checkpoint| checkpoint.databases.into_values()).collect()
}

fn deploying(script: Vec<Move>) -> Scenario {
    Scenario::of_app().with_database().deploying(script)
}

fn deploy_v2() -> Vec<Move> {
    vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(1))]
}

#[tokio::test(start_paused = true)]
async fn restore_point_is_recorded_before_the_checkpoint_that_names_it() {
    let scenario = deploying(deploy_v2());
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    let kinds = ended.kinds();
    let place = |kind: &str| kinds.iter().position(|found| *found == kind).unwrap();
    assert!(place("backup_taken") < place("checkpoint_taken"));
    assert!(place("checkpoint_taken") < place("armed"));
    let points = points(&ended);
    assert_eq!(points.len(), 2, "before the deploy, and what was kept");
    let ids: Vec<_> = points.iter().map(|point| point.backup.as_ref().map(|backup| backup.id.clone())).collect();
    assert_eq!(ids, [Some(scenario.data().stored()[0].clone()), None]);
    assert_eq!(restore_points(&ended.records).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_deploy_starts_without_the_restore_point_that_is_wanted() {
    let scenario = deploying(deploy_v2());
    scenario.data().faults(|faults| faults.back_up = true);
    let ended = scenario.guard().await;
    assert_eq!((ended.result, scenario.deployer.starts()), (RunResult::Refused, 0));
    assert!(
        ended.summary.contains("`main` could not be backed up: the store is full (free some space)"),
        "{}",
        ended.summary
    );
    assert!(!ended.has("checkpoint_taken"));
    assert_eq!((scenario.data().stored().len(), scenario.platform.pinned().len()), (0, 0), "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn database_that_does_not_answer_stops_a_deploy_only_where_it_is_to_be_backed_up() {
    let scenario = deploying(deploy_v2());
    scenario.data().faults(|faults| faults.is_down = true);
    let refused = scenario.guard().await;
    assert_eq!((refused.result, scenario.deployer.starts()), (RunResult::Refused, 0), "{}", refused.summary);

    let mut scenario = deploying(deploy_v2());
    scenario.configured_data().backup = None;
    scenario.data().faults(|faults| faults.is_down = true);
    let ended = scenario.run(forced(), "run-forced").await.unwrap();
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    let taken = checkpoints(&ended);
    assert!(taken[0].databases.is_empty());
    assert!(taken[0].why.contains("database `main` cannot be seen"), "{}", taken[0].why);
}

/// A guard of an environment that has no good checkpoint.
fn forced() -> backout_core::journal::RunStarted {
    let mut started = guard();
    started.request.forced.insert(backout_core::policy::RefusalName::NoGoodCheckpoint);
    started
}

#[tokio::test(start_paused = true)]
async fn deploy_that_changes_only_the_schema_is_watched_and_its_migrations_are_kept() {
    let scenario = deploying(vec![Move::Migrate("0001", Shift::Adds("colour"))]);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    assert!(ended.has("judged") && ended.has("vault_kept"), "{:?}", ended.kinds());
}

#[tokio::test(start_paused = true)]
async fn deploy_that_changes_nothing_keeps_no_migrations() {
    let scenario = deploying(vec![Move::Wait(seconds(1))]);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    assert!(!ended.has("judged") && !ended.has("vault_kept"), "{:?}", ended.kinds());
}

#[tokio::test(start_paused = true)]
async fn rows_that_a_deploy_broke_are_found_though_every_probe_holds() {
    let script = vec![Move::Deploy(service("app"), "app:v2"), Move::Wait(seconds(3)), Move::Insert(1, "damaged")];
    let scenario = deploying(script);
    let ended = scenario.guard().await;
    let judged = ended.records.iter().find_map(|record| match &record.body {
        Body::Judged { judgement } => Some(judgement.clone()),
        _ => None,
    });
    let judged = judged.unwrap();
    assert_eq!(judged.findings[0].subject, "main: values");
    assert!(judged.at.duration_since(judged.first_bad_at.unwrap()).as_secs() <= 6, "{judged:?}");
    assert!(ended.has("plan_made") || ended.has("refused"), "{:?}", ended.kinds());
}

#[tokio::test(start_paused = true)]
async fn rows_that_were_broken_before_are_not_blamed_on_the_deploy() {
    let scenario = deploying(deploy_v2());
    scenario.data().write(1, "damaged");
    let ended = scenario.run(forced(), "run-forced").await.unwrap();
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn person_can_interrupt_a_backup_that_takes_long() {
    let scenario = deploying(deploy_v2());
    scenario.data().faults(|faults| faults.backup_takes = Duration::from_secs(3600));
    let interrupt = async {
        scenario.clock.sleep(seconds(60)).await;
        scenario.interrupt.send_replace(Interrupt::Asked);
    };
    let (ended, ()) = tokio::join!(scenario.run(guard(), "run-1"), interrupt);
    assert!(matches!(ended, Err(backout_engine::EngineError::Interrupted)), "{ended:?}");
    assert_eq!((scenario.deployer.starts(), scenario.data().stored().len()), (0, 0));
    scenario.interrupt.send_replace(Interrupt::None);
    assert_eq!(scenario.resume("run-1").await.unwrap().result, RunResult::Aborted);
}
