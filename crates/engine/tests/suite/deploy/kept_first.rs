//! A deploy that must have been kept elsewhere first.

use backout_core::config::KeptFirst;
use backout_core::id::EnvironmentName;
use backout_core::journal::RunResult;
use backout_core::policy::RefusalName;
use backout_testkit::world::Move;

use crate::scenario::{Scenario, guard, seconds, service};

/// `staging` has kept commit `abc` a minute ago, and a deploy to `production` wants that, for half an hour.
async fn kept_in_staging() -> Scenario {
    let scenario = Scenario::of_app();
    scenario.repository.check_out("abc");
    let staging = scenario.environment.name.clone();
    let mut scenario = scenario.known_good().await;
    scenario.environment.name = EnvironmentName::new("production").unwrap();
    scenario.environment.guard.kept_first = Some(KeptFirst { environment: staging, lasting: seconds(1800) });
    scenario.deploying(vec![Move::Deploy(service("app"), "app:v2")])
}

#[tokio::test(start_paused = true)]
async fn what_was_not_kept_there_for_long_enough_is_not_deployed_and_what_was_is() {
    let scenario = kept_in_staging().await;
    let early = scenario.run(guard(), "run-early").await.unwrap();
    assert_eq!((early.result, early.refusals()), (RunResult::Refused, vec![RefusalName::NotKeptFirst]));
    assert_eq!((scenario.deployer.starts(), scenario.running()), (0, vec!["app:v1".to_owned()]));
    scenario.clock.sleep(seconds(1800)).await;
    scenario.repository.check_out("def");
    assert_eq!(scenario.run(guard(), "run-other").await.unwrap().refusals(), [RefusalName::NotKeptFirst]);
    scenario.repository.check_out("abc");
    let ended = scenario.run(guard(), "run-late").await.unwrap();
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn a_person_may_insist() {
    let scenario = kept_in_staging().await;
    let mut started = guard();
    started.request.forced.insert(RefusalName::NotKeptFirst);
    assert_eq!(scenario.run(started, "run-1").await.unwrap().result, RunResult::Kept);
}
