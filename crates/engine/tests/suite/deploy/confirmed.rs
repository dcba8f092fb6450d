//! A deploy before which something must be confirmed.

use backout_core::journal::{RunResult, RunStarted};
use backout_core::policy::RefusalName;
use backout_testkit::world::Move;

use crate::scenario::{Scenario, guard, service};

/// Before each deploy it is asked whether the tests passed and somebody has reviewed it.
async fn asking() -> Scenario {
    let mut scenario = Scenario::of_app().known_good().await;
    for name in ["review", "tests"] {
        scenario.environment.guard.asks.insert(name.to_owned(), format!("{name} is done"));
    }
    scenario.deploying(vec![Move::Deploy(service("app"), "app:v2")])
}

fn saying(names: &[&str]) -> RunStarted {
    let mut started = guard();
    started.circumstances.confirmed = names.iter().map(|name| ((*name).to_owned(), None)).collect();
    started
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deployed_before_everything_is_confirmed() {
    let scenario = asking().await;
    for said in [&[][..], &["tests"]] {
        let refused = scenario.run(saying(said), &format!("run-{}", said.len())).await.unwrap();
        assert_eq!((refused.result, refused.refusals()), (RunResult::Refused, vec![RefusalName::NotConfirmed]));
        assert_eq!((scenario.deployer.starts(), scenario.running()), (0, vec!["app:v1".to_owned()]));
    }
    let ended = scenario.run(saying(&["tests", "review"]), "run-3").await.unwrap();
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn a_person_may_deploy_without_and_that_is_recorded() {
    let scenario = asking().await;
    let mut started = saying(&[]);
    started.request.forced.insert(RefusalName::NotConfirmed);
    let ended = scenario.run(started, "run-1").await.unwrap();
    assert_eq!((ended.result, ended.refusals()), (RunResult::Kept, vec![]), "{}", ended.summary);
}
