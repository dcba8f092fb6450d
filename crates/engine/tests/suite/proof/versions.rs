//! What services say of their own version: recorded with a checkpoint, and compared after going back.

use std::time::Duration;

use backout_core::config::{HttpProbe, VersionQuestion};
use backout_core::journal::{Body, RunResult};
use backout_core::policy::{Check, Verdict};
use backout_engine::{checkpoints, observe, said_checks};
use backout_testkit::world::Move;

use crate::scenario::{Ended, Scenario, back, service};

/// `app:v1` was good and said so, and `app:v2` was deployed and kept.
async fn asked() -> Scenario {
    let mut scenario = Scenario::of_app();
    let question = VersionQuestion { http: HttpProbe::default(), field: Vec::new(), timeout: Duration::from_secs(2) };
    scenario.environment.services.get_mut(&service("app")).unwrap().version = Some(question);
    let scenario = scenario.known_good().await.deploying(vec![Move::Deploy(service("app"), "app:v2")]);
    assert_eq!(scenario.guard().await.result, RunResult::Kept);
    scenario
}

/// What was said, by the checkpoints in the order in which they were taken.
fn said(scenario: &Scenario) -> Vec<String> {
    let all = checkpoints(&scenario.store.all());
    all.iter().filter_map(|graded| graded.checkpoint.said.get(&service("app")).cloned()).collect()
}

fn about_the_version(ended: &Ended) -> Option<Check> {
    let checks = ended.records.iter().rev().find_map(|record| match &record.body {
        Body::Verified { checks, .. } => Some(checks),
        _ => None,
    });
    checks?.iter().find(|check| check.name == "app says its version").cloned()
}

/// Goes back from the second version to the first.
async fn gone_back(scenario: &Scenario) -> Ended {
    let first = checkpoints(&scenario.store.all()).first().unwrap().checkpoint.id.clone();
    scenario.rollback(backout_core::plan::Request { target: Some(first), ..back() }).await
}

#[tokio::test(start_paused = true)]
async fn what_a_service_says_is_recorded_before_and_after_a_deploy_and_said_again_after_going_back() {
    let scenario = asked().await;
    assert_eq!(said(&scenario).last().map(String::as_str), Some("app:v2"));
    let ended = gone_back(&scenario).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let check = about_the_version(&ended).unwrap();
    assert_eq!(check.verdict, Verdict::Healthy);
    assert!(check.what.starts_with("says `app:v1`, as in checkpoint `cp-"), "{}", check.what);
}

#[tokio::test(start_paused = true)]
async fn the_image_of_then_that_says_another_version_is_not_called_back() {
    let scenario = asked().await;
    scenario.prober.say(&service("app"), Some(Ok("app:v2".to_owned())));
    let ended = gone_back(&scenario).await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("app says its version"), "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_nobody_can_read_is_not_wrong() {
    let scenario = asked().await;
    scenario.prober.say(&service("app"), Some(Err("its answer is empty".to_owned())));
    let ended = gone_back(&scenario).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(about_the_version(&ended).unwrap().verdict, Verdict::Unmeasurable);
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_compared_with_what_it_said_when_it_was_recorded_at_any_time() {
    let scenario = asked().await;
    let checks = async |scenario: &Scenario| {
        let world = scenario.world();
        said_checks(&world, &observe(&world).await, &checkpoints(&scenario.store.all())).await
    };
    assert_eq!(checks(&scenario).await.first().unwrap().verdict, Verdict::Healthy);
    scenario.prober.say(&service("app"), Some(Ok("app:v1".to_owned())));
    let check = checks(&scenario).await.remove(0);
    assert!(check.blocks() && check.what.starts_with("says `app:v1`, and said `app:v2`"), "{}", check.what);
}
