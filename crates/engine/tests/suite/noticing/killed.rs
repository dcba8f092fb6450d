//! Whoever watches dies at any point, and is started again: one run, one checkpoint of what is new, and the same end.

use backout_core::inventory::Grade;
use backout_core::journal::{Body, RunResult};
use backout_testkit::world::Behaviour;

use super::watching::{Watching, grades, results};
use crate::scenario::{Scenario, seconds, service};

/// `v1` is recorded; `v2` is there, goes bad within its soak, and may be taken back.
async fn bad_deploy() -> Scenario {
    let mut scenario = Scenario::of_app().known_good().await;
    scenario.environment.watch.automatic = true;
    scenario.environment.verify.observe = seconds(20);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(5)));
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario
}

/// How many checkpoints were taken of what was noticed.
fn taken(scenario: &Scenario) -> usize {
    let all = scenario.store.all();
    let of_new = |body: &Body| matches!(body, Body::CheckpointTaken { checkpoint } if checkpoint.why.contains("nobody had told of"));
    all.iter().filter(|record| of_new(&record.body)).count()
}

#[tokio::test(start_paused = true)]
async fn watch_that_dies_anywhere_and_is_started_again_ends_as_if_it_had_not() {
    let scenario = bad_deploy().await;
    scenario.fuse.renew(None);
    Watching::of(&scenario).until_quiet().await;
    let points = scenario.fuse.passed();
    assert!(points.len() > 30, "{}", points.len());
    let last = |scenario: &Scenario| grades(scenario).last().copied();
    assert_eq!((results(&scenario), last(&scenario)), (vec![Some(RunResult::RolledBack)], Some(Grade::Bad)));
    for (death, point) in points.iter().enumerate() {
        let scenario = bad_deploy().await;
        scenario.fuse.renew(Some(death + 1));
        let mut first = Watching::of(&scenario);
        scenario.fuse.until_blown(first.until_quiet()).await;
        scenario.fuse.renew(None);
        Watching::of(&scenario).until_quiet().await;
        let end = (results(&scenario), scenario.running(), taken(&scenario));
        assert_eq!(end, (vec![Some(RunResult::RolledBack)], vec!["app:v1".to_owned()], 1), "{death}: {point}");
    }
}
