//! A database that goes back: with a deploy that went bad, and because a person wants it.

use backout_core::config::Flush;
use backout_core::data::{Level, RestorePoint, Rung, Verification};
use backout_core::id::BackupId;
use backout_core::journal::{Body, Record, RunResult};
use backout_core::plan::{DataWish, Request, Scope, Work};
use backout_core::policy::RefusalName;
use backout_core::port::Store as _;
use backout_engine::estimates;
use backout_testkit::world::{Behaviour, Move, Shift};

use crate::scenario::{Ended, Scenario, back, rollback, seconds, service};

/// A deploy that drops a column, and a release that then answers wrongly; nothing is written after it.
fn bad_migration() -> Scenario {
    let script = vec![
        Move::Migrate("0002", Shift::Drops("value")),
        Move::Deploy(service("app"), "app:v2"),
        Move::Wait(seconds(1)),
    ];
    let scenario = Scenario::of_app().with_database().with_cache().deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(3)));
    scenario
}

fn wish(data: DataWish) -> Request {
    let damaged = [backout_core::id::DatabaseName::new("main").unwrap()].into();
    Request { scope: Scope::Data, data: Box::new(DataWish { damaged, ..data }), ..back() }
}

/// The same together with the services, so that whoever writes is stopped for it.
fn whole(data: DataWish) -> Request {
    Request { scope: Scope::Stack, ..wish(data) }
}

fn has_done(ended: &Ended, kind: &str) -> bool {
    ended.records.iter().any(|record| match &record.body {
        Body::PlanMade { plan } => plan.steps.iter().any(|step| step.action.kind() == kind),
        _ => false,
    })
}

#[tokio::test(start_paused = true)]
async fn deploy_whose_migration_the_old_release_cannot_live_with_goes_back_with_its_data() {
    let scenario = bad_migration();
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}\n{:?}", ended.summary, ended.refusals());
    assert_eq!(scenario.running(), ["app:v1"]);
    assert_eq!(scenario.data().applied(), Vec::<String>::new());
    assert_eq!(scenario.data().live_rows().len(), 2);
    assert_eq!(scenario.cache.flushed(), [Flush::Database]);
}

#[tokio::test(start_paused = true)]
async fn how_long_restores_and_dumps_took_is_remembered_with_the_size() {
    let scenario = Scenario::of_app().with_database().known_good().await;
    let main = backout_core::id::DatabaseName::new("main").unwrap();
    let before = estimates(&scenario.store.all());
    assert_eq!(before.sized_ms(Work::Restoring, &main, 1_000), None);
    assert_eq!(before.sized_ms(Work::Dumping, &main, 3_000), Some(3), "the dump of 1000 bytes took 1 ms");
    let accepted = wish(DataWish { accept_loss: Some(2), ..DataWish::default() });
    let ended = scenario.run(rollback(accepted), "run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let step = |body: &Body| match body {
        Body::PlanMade { plan } => plan.steps.iter().find(|it| it.action.kind() == "restore_beside").map(|it| it.id),
        _ => None,
    };
    let restored = ended.records.iter().find_map(|record| step(&record.body)).unwrap();
    let took = ended.records.iter().find_map(|record| match &record.body {
        Body::StepEnded { step, took_ms, .. } if *step == restored => Some(*took_ms),
        _ => None,
    });
    let after = estimates(&scenario.store.all());
    assert_eq!(after.sized_ms(Work::Restoring, &main, 5_000), took.map(|took| took * 5));

    // One that a person had registered took no dump here, however long that took elsewhere. A check restored it, though.
    let taken = |record: &Record| match &record.body {
        Body::BackupTaken { point } => Some(point.as_ref().clone()),
        _ => None,
    };
    let all = scenario.store.all();
    let point = all.iter().find_map(taken).unwrap();
    let backup = BackupId::new("bk-20261121-031502-9f3a2c").unwrap();
    let registered = RestorePoint { id: backup.clone(), run: None, database_bytes: 9_000, took_ms: 77_000, ..point };
    let (at, asked) = (registered.taken_at, Level::V2);
    let verification =
        Verification { backup, at, asked, reached: Some(asked), checks: Vec::new(), restore_ms: Some(900) };
    let bodies = [
        Body::BackupTaken { point: Box::new(registered) },
        Body::BackupVerified { verification: Box::new(verification) },
    ];
    let lease = scenario.lease("somebody").await;
    for body in &bodies {
        scenario.store.append(&lease, None, body).await.unwrap();
    }
    let checked = estimates(&scenario.store.all());
    assert_eq!(checked.sized_ms(Work::Dumping, &main, 9_000), after.sized_ms(Work::Dumping, &main, 9_000));
    assert_eq!(checked.sized_ms(Work::Restoring, &main, 9_000), Some(900));
}

#[tokio::test(start_paused = true)]
async fn data_goes_back_by_itself_only_where_the_configuration_lets_it() {
    let mut scenario = bad_migration();
    scenario.configured_data().automatic = false;
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::Held, "{}", ended.summary);
    assert_eq!((scenario.running(), scenario.data().acts().len()), (vec!["app:v2".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn persons_swap_is_armed_reported_and_can_be_swapped_back() {
    let scenario = Scenario::of_app().with_database().known_good().await;
    scenario.data().write(1, "changed");
    scenario.data().write(3, "three");
    let refused = scenario.run(rollback(wish(DataWish::default())), "run-1").await.unwrap();
    assert_eq!((refused.result, refused.refusals()), (RunResult::Refused, vec![RefusalName::LossNotAccepted]));
    assert_eq!(scenario.data().acts(), Vec::<String>::new());

    let accepted = wish(DataWish { accept_loss: Some(2), ..DataWish::default() });
    let ended = scenario.run(rollback(accepted), "run-2").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert!(
        has_done(&ended, "swap_database") && ended.has("armed") && ended.has("loss_reported"),
        "{:?}",
        ended.kinds()
    );
    let rows = ended.records.iter().find_map(|record| match &record.body {
        Body::DataProven { proof, .. } => proof.rows.first().map(|rows| (rows.before, rows.after)),
        _ => None,
    });
    assert_eq!(rows, Some((Some(3), Some(2))), "{:?}", ended.kinds());
    assert_eq!(scenario.data().live_rows(), [(1, "one".to_owned()), (2, "two".to_owned())]);
    assert_eq!(scenario.touched(), Vec::<String>::new(), "only data was asked for");
    assert_eq!(scenario.data().names().len(), 2, "the damaged one is kept");

    scenario.clock.sleep(seconds(60)).await;
    scenario.data().write(7, "since");
    let undo = |accept_loss| wish(DataWish { undoes_swap: true, accept_loss, ..DataWish::default() });
    let refused = scenario.run(rollback(undo(None)), "run-3").await.unwrap();
    assert_eq!((refused.result, refused.refusals()), (RunResult::Refused, vec![RefusalName::LossNotAccepted]));
    let undone = scenario.run(rollback(undo(Some(1))), "run-4").await.unwrap();
    assert_eq!(undone.result, RunResult::RolledBack, "{}", undone.summary);
    assert_eq!(scenario.data().live_rows().len(), 3);
    assert!(undone.has("loss_reported"), "{:?}", undone.kinds());
}

#[tokio::test(start_paused = true)]
async fn swap_that_fails_is_undone_and_who_was_stopped_runs_again() {
    let scenario = Scenario::of_app().with_database().known_good().await;
    scenario.data().write(1, "damaged");
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario.data().faults(|faults| _ = faults.perform.insert("swap_database", 9));
    let accepted = whole(DataWish { accept_loss: Some(2), ..DataWish::default() });
    let ended = scenario.run(rollback(accepted), "run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v2"]);
    assert_eq!(scenario.touched(), ["app", "app"], "stopped, and started as it was");
    assert_eq!(scenario.data().live_rows()[0].1, "damaged");
    assert!(ended.has("undo_ended"));
}

#[tokio::test(start_paused = true)]
async fn who_was_stopped_stays_stopped_where_the_database_could_not_be_taken_back() {
    let scenario = Scenario::of_app().with_database().known_good().await;
    scenario.data().write(1, "damaged");
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario.data().faults(|faults| {
        faults.perform.insert("swap_database", 9);
        faults.undo = true;
    });
    let accepted = whole(DataWish { accept_loss: Some(2), ..DataWish::default() });
    let ended = scenario.run(rollback(accepted), "run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(scenario.running(), Vec::<String>::new());
    assert!(ended.summary.contains("not started again: `app`"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn database_that_cannot_be_dumped_as_it_is_is_not_dropped_until_somebody_gives_it_up() {
    let scenario = Scenario::of_app().with_database().known_good().await;
    scenario.data().write(1, "damaged");
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario.data().faults(|faults| faults.back_up = true);
    let in_place = || whole(DataWish { rung: Some(Rung::InPlace), accept_loss: Some(2), ..DataWish::default() });
    let ended = scenario.run(rollback(in_place()), "run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    for said in ["could not be dumped as it is: the store is full", "--force damaged-not-kept"] {
        assert!(ended.summary.contains(said), "{}", ended.summary);
    }
    assert_eq!(
        (scenario.running(), scenario.data().live_rows()[0].1.clone()),
        (vec!["app:v2".to_owned()], "damaged".to_owned())
    );
    assert!(!scenario.data().acts().contains(&"restore_in_place".to_owned()), "{:?}", scenario.data().acts());

    // The first try has made the destination one that nobody has arrived at.
    let forced = [RefusalName::DamagedNotKept, RefusalName::DestinationUnhealthy].into();
    let given_up = Request { forced, ..in_place() };
    let ended = scenario.run(rollback(given_up), "run-2").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(
        (scenario.running(), scenario.data().live_rows()[0].1.clone()),
        (vec!["app:v1".to_owned()], "one".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn restore_point_that_is_gone_is_refused_before_anything_is_stopped() {
    let scenario = Scenario::of_app().with_database().known_good().await;
    scenario.data().write(1, "damaged");
    scenario.data().faults(|faults| faults.lost_store = true);
    let accepted = wish(DataWish { accept_loss: Some(2), ..DataWish::default() });
    let ended = scenario.run(rollback(accepted), "run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::Refused, "{}", ended.summary);
    assert_eq!((scenario.running(), scenario.data().acts().len()), (vec!["app:v1".to_owned()], 0));
}
