//! Starting services anew on purpose: recorded, in order, each well before the next, and nothing else of them changed.

use backout_core::journal::{ActStage, restarts};
use backout_engine::{RestartWish, Restarted, restart};
use backout_testkit::world::{Act, Answer, Did, SwitchFault};

use crate::scenario::{Scenario, health, seconds, service};

fn wish(services: &[&str]) -> RestartWish {
    let services = services.iter().map(|name| service(name)).collect();
    RestartWish { services, by: "ann@host".to_owned(), reason: Some("it hangs".to_owned()), within: Some(seconds(5)) }
}

async fn restarted(scenario: &Scenario, services: &[&str]) -> Vec<Restarted> {
    // What starts in the very moment in which it was started cannot be told from what it was.
    scenario.clock.sleep(seconds(1)).await;
    let lease = scenario.lease("restart").await;
    restart(&scenario.world(), &lease, &wish(services)).await.unwrap()
}

/// The services that were started anew, in order.
fn started(scenario: &Scenario) -> Vec<String> {
    let acts = scenario.platform.acts();
    let anew = |act: Act| (act.did == Did::Restart).then(|| act.service.to_string());
    acts.into_iter().filter_map(anew).collect()
}

fn why(restarted: &Restarted) -> &str {
    match &restarted.outcome {
        ActStage::Failed { why } => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn services_are_started_anew_one_after_the_other_and_stay_what_they_are() {
    let scenario = Scenario::of(&[("db", &[]), ("app", &["db"])]).probed("app");
    let before = (scenario.platform.ids(&service("app")), scenario.running());
    let done = restarted(&scenario, &["db", "app"]).await;
    assert!(done.iter().all(|one| matches!(one.outcome, ActStage::Done { .. })), "{done:?}");
    assert_eq!(started(&scenario), ["db", "app"]);
    assert_eq!((scenario.platform.ids(&service("app")), scenario.running()), before, "no instance is made anew");
    let past = restarts(&scenario.store.all());
    let told: Vec<_> = past.iter().map(|(_, it)| (it.service.as_str(), it.by.as_str(), it.reason.as_deref())).collect();
    assert_eq!(told, [("db", "ann@host", Some("it hangs")), ("app", "ann@host", Some("it hangs"))]);
    assert!(past.iter().all(|(_, it)| matches!(it.stage, ActStage::Done { .. })), "{past:?}");
}

#[tokio::test(start_paused = true)]
async fn it_is_recorded_before_anything_is_touched() {
    let scenario = Scenario::of_app();
    let lease = scenario.lease("restart").await;
    let world = scenario.world();
    scenario.fuse.renew(None);
    restart(&world, &lease, &wish(&["app"])).await.unwrap();
    let points = scenario.fuse.passed();
    let death = points.iter().position(|point| point == "before starting app anew").unwrap();
    let again = Scenario::of_app();
    let lease = again.lease("restart").await;
    let world = again.world();
    again.fuse.renew(Some(death + 1));
    assert!(again.fuse.until_blown(restart(&world, &lease, &wish(&["app"]))).await.is_none());
    assert!(started(&again).is_empty());
    let past = restarts(&again.store.all());
    assert_eq!((past.len(), &past[0].1.stage), (1, &ActStage::Intended));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_get_well_ends_it_and_those_after_it_are_left_alone() {
    let scenario = Scenario::of(&[("db", &[]), ("app", &["db"])]).probed("db");
    scenario.prober.answer(&service("db"), &health(), Some(Answer::Wrong));
    let done = restarted(&scenario, &["db", "app"]).await;
    assert!(why(&done[0]).contains("db.health"), "{done:?}");
    assert_eq!(done[1].outcome, ActStage::Intended);
    assert_eq!(started(&scenario), ["db"]);
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_only_says_that_it_did_is_not_believed() {
    let scenario = Scenario::of_app();
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::Lies, 1));
    let done = restarted(&scenario, &["app"]).await;
    assert!(why(&done[0]).contains("was not started anew"), "{done:?}");
}
