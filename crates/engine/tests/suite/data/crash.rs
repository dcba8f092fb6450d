//! A process that dies at any point while a database goes back, and another that goes on: the same end.

use backout_core::data::Rung;
use backout_core::id::{BackupId, DatabaseName, RunId};
use backout_core::journal::{Body, RunResult, RunStarted};
use backout_core::plan::{DataWish, Request, Scope};
use backout_engine::begin;
use backout_testkit::world::{Behaviour, Move, Shift};

use crate::scenario::{Scenario, back, guard, rollback, seconds, service};

const RUN: &str = "run-1";

/// What is compared.
#[derive(Debug, PartialEq, Eq)]
struct End {
    result: RunResult,
    running: Vec<String>,
    rows: Vec<(u32, String)>,
    applied: Vec<String>,
    databases: usize,
}

/// Plays a run whose process dies at the `death`th point; the points passed by the first process, and the end.
async fn play(scenario: Scenario, started: RunStarted, death: Option<usize>) -> (Vec<String>, Option<End>, Scenario) {
    let lease = scenario.lease("first process").await;
    scenario.fuse.renew(death);
    let run = RunId::new(RUN).unwrap();
    let world = scenario.world();
    let first = scenario.fuse.until_blown(begin(&world, &lease, run.clone(), started)).await;
    let points = scenario.fuse.passed();
    scenario.fuse.renew(None);
    let result = match first {
        Some(result) => Some(result.unwrap()),
        None if scenario.store.all().iter().any(|record| record.run.as_ref() == Some(&run)) => {
            Some(scenario.resume(RUN).await.unwrap().result)
        }
        None => None,
    };
    let end = result.map(|result| End {
        result,
        running: scenario.running(),
        rows: scenario.data().live_rows(),
        applied: scenario.data().applied(),
        databases: scenario.data().names().len(),
    });
    (points, end, scenario)
}

async fn damaged() -> Scenario {
    let scenario = Scenario::of_app().with_database().known_good().await;
    scenario.data().write(1, "changed");
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario
}

fn with_data() -> RunStarted {
    let damaged = [DatabaseName::new("main").unwrap()].into();
    let data = Box::new(DataWish { damaged, accept_loss: Some(2), ..DataWish::default() });
    rollback(Request { scope: Scope::Stack, data, ..back() })
}

#[tokio::test(start_paused = true)]
async fn swap_that_dies_anywhere_ends_as_if_it_had_not() {
    let (points, undisturbed, _) = play(damaged().await, with_data(), None).await;
    let undisturbed = undisturbed.unwrap();
    assert_eq!((undisturbed.result, undisturbed.databases), (RunResult::RolledBack, 2));
    assert!(points.iter().any(|point| point == "after swap_database"), "{points:?}");
    for death in 1..=points.len() {
        let (_, end, scenario) = play(damaged().await, with_data(), Some(death)).await;
        match end {
            Some(end) => assert_eq!(end, undisturbed, "{death}: {}", points[death - 1]),
            None => assert_eq!(scenario.data().acts(), Vec::<String>::new(), "{death}: it was never begun"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn swap_that_fails_ends_with_the_database_as_it_was_wherever_it_dies() {
    let failing = || async {
        let scenario = damaged().await;
        scenario.data().faults(|faults| _ = faults.perform.insert("swap_database", 99));
        scenario
    };
    let (points, undisturbed, _) = play(failing().await, with_data(), None).await;
    assert_eq!(undisturbed.unwrap().result, RunResult::NotVerified);
    assert!(points.iter().any(|point| point == "after undoing swap_database"), "{points:?}");
    for death in 2..=points.len() {
        let (_, end, _) = play(failing().await, with_data(), Some(death)).await;
        let end = end.unwrap();
        assert_eq!(end.running, ["app:v2"], "{death}: {}", points[death - 1]);
        assert_eq!(end.rows[0].1, "changed", "{death}: {}", points[death - 1]);
    }
}

/// The restore points that the journal has of this run.
fn taken(scenario: &Scenario) -> Vec<BackupId> {
    let point = |record: backout_core::journal::Record| match record.body {
        Body::BackupTaken { point } if record.run.as_ref().is_some_and(|run| run.as_str() == RUN) => Some(point.id),
        _ => None,
    };
    scenario.store.all().into_iter().filter_map(point).collect()
}

#[tokio::test(start_paused = true)]
async fn database_that_is_dropped_was_dumped_as_it_is_wherever_it_dies() {
    let in_place = || {
        let damaged = [DatabaseName::new("main").unwrap()].into();
        let data = DataWish { damaged, rung: Some(Rung::InPlace), accept_loss: Some(2), ..DataWish::default() };
        rollback(Request { scope: Scope::Stack, data: Box::new(data), ..back() })
    };
    let (points, undisturbed, _) = play(damaged().await, in_place(), None).await;
    let undisturbed = undisturbed.unwrap();
    assert_eq!((undisturbed.result, undisturbed.databases), (RunResult::RolledBack, 1));
    assert!(points.iter().any(|point| point == "after storing a restore point"), "{points:?}");
    for death in 1..=points.len() {
        let (_, end, scenario) = play(damaged().await, in_place(), Some(death)).await;
        let Some(end) = end else { continue };
        assert_eq!(end, undisturbed, "{death}: {}", points[death - 1]);
        let [kept] = taken(&scenario).try_into().unwrap_or_else(|all| panic!("{death}: {all:?}"));
        assert_eq!(scenario.data().stored_rows(&kept)[0].1, "changed", "{death}: {}", points[death - 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn guard_of_a_bad_migration_that_dies_anywhere_takes_it_back_or_never_began() {
    let scenario = || {
        let script = vec![
            Move::Migrate("0002", Shift::Drops("value")),
            Move::Deploy(service("app"), "app:v2"),
            Move::Wait(seconds(1)),
        ];
        let scenario = Scenario::of_app().with_database().deploying(script);
        scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(3)));
        scenario
    };
    let (points, undisturbed, _) = play(scenario(), guard(), None).await;
    let undisturbed = undisturbed.unwrap();
    assert_eq!(undisturbed.result, RunResult::RolledBack);
    for death in 2..=points.len() {
        let (_, end, played) = play(scenario(), guard(), Some(death)).await;
        let end = end.unwrap();
        if played.deployer.starts() == 1 {
            assert_eq!(end, undisturbed, "{death}: {}", points[death - 1]);
        } else {
            assert_eq!(
                (end.running, end.applied),
                (vec!["app:v1".to_owned()], vec![]),
                "{death}: {}",
                points[death - 1]
            );
        }
    }
}
