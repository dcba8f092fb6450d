//! Drills: what is broken on purpose is noticed and put back, whoever dies when.

mod saboteur;

use backout_core::inventory::Grade;
use backout_core::journal::{Body, Break, Drill, RunKind, RunResult, RunStarted};
use backout_core::plan::{Request, Scope};
use backout_core::port::Store;
use backout_engine::{World, begin, resume};
use backout_testkit::world::Behaviour;
use saboteur::Saboteur;

use crate::scenario::{Ended, Scenario, seconds, service};

const RUN: &str = "run-drill";

fn run() -> backout_core::id::RunId {
    RUN.parse().unwrap()
}

fn drill(how: Break) -> RunStarted {
    let drill = Drill { service: service("app"), how, within_ms: 20_000, objective_ms: None };
    let scope = Scope::Services { services: [service("app")].into() };
    RunStarted {
        run: RunKind::Drill(Box::new(drill)),
        request: Request { scope, ..Request::automatic() },
        ..crate::scenario::guard()
    }
}

/// `app:broken` fails its probe as soon as it runs.
fn stage() -> Scenario {
    let scenario = Scenario::of_app();
    let broken = Behaviour::well().answers_wrongly_after(seconds(0));
    scenario.platform.teach(&service("app"), "app:broken", broken);
    scenario
}

/// One drill whose process dies at a point, with another process that goes on. Answers with the points that the first passed.
async fn play(scenario: &Scenario, how: Break, death: Option<usize>) -> (Option<Ended>, Vec<String>) {
    let saboteur = Saboteur::new(scenario, run());
    let lease = scenario.lease("first process").await;
    let world = World { deployer: std::sync::Arc::new(saboteur.clone()), ..scenario.world() };
    scenario.fuse.renew(death);
    let first = scenario.fuse.until_blown(begin(&world, &lease, run(), drill(how))).await;
    let points = scenario.fuse.passed();
    scenario.fuse.renew(None);
    let result = match first {
        Some(result) => result.unwrap(),
        None if !scenario.store.all().iter().any(|record| record.run == Some(run())) => return (None, points),
        None => {
            let lease = scenario.lease("another process").await;
            let world = World { deployer: std::sync::Arc::new(saboteur.of_another_process()), ..scenario.world() };
            let result = resume(&world, &lease, run(), "another process".to_owned(), 2).await.unwrap();
            scenario.store.release(&lease).await.unwrap();
            result
        }
    };
    // Whatever was started and is not known to anybody has had its time.
    scenario.clock.sleep(seconds(120)).await;
    (Some(scenario.ended(&run(), result)), points)
}

#[tokio::test(start_paused = true)]
async fn drill_is_noticed_and_put_back_and_nothing_is_called_bad() {
    let scenario = stage();
    let ended = play(&scenario, Break::Crash, None).await.0.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
    let bad = |body: &Body| matches!(body, Body::Graded { grade: Grade::Bad, .. });
    assert!(!ended.records.iter().any(|record| bad(&record.body)));
    let reports = backout_core::report::drills(&ended.records);
    assert!(reports.len() == 1 && reports[0].is_good, "{reports:?}");
}

#[tokio::test(start_paused = true)]
async fn drill_that_dies_anywhere_leaves_nothing_broken() {
    for how in [Break::Crash, Break::Errors] {
        let (_, points) = play(&stage(), how, None).await;
        assert!(points.len() > 20, "{points:?}");
        let mut broken_then = 0;
        for (death, point) in points.iter().enumerate() {
            let scenario = stage();
            let (ended, _) = play(&scenario, how, Some(death + 1)).await;
            assert_eq!(scenario.running(), ["app:v1"], "{how}, {death}: {point}");
            broken_then +=
                usize::from(scenario.store.all().iter().any(|record| record.body.kind() == "deploy_spawned"));
            let Some(ended) = ended else { continue };
            let is_over = matches!(ended.result, RunResult::RolledBack | RunResult::Aborted);
            assert!(is_over, "{how}, {death}: {point}: {:?}: {}", ended.result, ended.summary);
        }
        assert!(broken_then > 10, "{broken_then}");
    }
}

#[tokio::test(start_paused = true)]
async fn drill_does_not_count_where_rollbacks_are_counted() {
    let scenario = stage();
    play(&scenario, Break::Crash, None).await.0.unwrap();
    let asked = Request { is_automatic: true, ..crate::scenario::back() };
    let backout_engine::Prepared::Plan(plan) =
        backout_engine::prepare(&scenario.world(), &asked, &Default::default()).await.unwrap()
    else {
        panic!("there is a good checkpoint")
    };
    assert!(plan.blocked_by.is_empty(), "{:?}", plan.blocked_by);
    let took = backout_engine::estimates(&scenario.store.all());
    assert!(took.median_ms("switch", Some(&service("app"))).is_some(), "how long its steps took is known now");
}
