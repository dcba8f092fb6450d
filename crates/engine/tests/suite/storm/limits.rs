//! Limits of automatic runs: what they say ends in a person being asked, never in nothing.

use backout_core::id::{EnvironmentName, RunId};
use backout_core::journal::{Body, RunResult};
use backout_core::policy::{Choice, Decision, RefusalName};
use backout_core::port::Store;
use backout_testkit::world::{Behaviour, Move};

use crate::scenario::{Scenario, TTL, back, guard, rollback, seconds, service};

fn bad_deploys() -> Scenario {
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    let scenario = Scenario::of_app().deploying(script);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(1)));
    scenario
}

#[tokio::test(start_paused = true)]
async fn one_that_follows_too_soon_is_held_and_what_a_person_wants_is_done() {
    let mut scenario = bad_deploys();
    scenario.environment.policy.cool_down = seconds(600);
    assert_eq!(scenario.run(guard(), "run-1").await.unwrap().result, RunResult::RolledBack);
    let second = scenario.run(guard(), "run-2").await.unwrap();
    assert_eq!((second.result, second.refusals()), (RunResult::Held, vec![RefusalName::CoolingDown]));
    assert!(second.summary.contains("still there"), "{}", second.summary);
    assert_eq!(scenario.running(), ["app:v2"]);
    let by_hand = scenario.run(rollback(back()), "run-3").await.unwrap();
    assert_eq!(by_hand.result, RunResult::RolledBack, "{}", by_hand.summary);
}

#[tokio::test(start_paused = true)]
async fn one_that_follows_later_goes_on() {
    let mut scenario = bad_deploys();
    scenario.environment.policy.cool_down = seconds(600);
    assert_eq!(scenario.run(guard(), "run-1").await.unwrap().result, RunResult::RolledBack);
    scenario.clock.sleep(seconds(600)).await;
    assert_eq!(scenario.run(guard(), "run-2").await.unwrap().result, RunResult::RolledBack);
}

/// Another environment of the same journal that decided to go back, as somebody does or did.
async fn another_goes_back(scenario: &Scenario, is_held: bool) {
    let name = EnvironmentName::new("eu").unwrap();
    let lease = scenario.store.acquire(&name, "another guard", TTL * 100).await.unwrap();
    let decision = Decision::plain(Choice::RollBack, Vec::new(), Vec::new());
    let run = RunId::new("run-eu").unwrap();
    scenario.store.append(&lease, Some(&run), &Body::Decided { decision }).await.unwrap();
    if !is_held {
        scenario.store.release(&lease).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_as_may_go_back_at_once_do_and_the_next_is_held() {
    for (limit, result) in [(1, RunResult::Held), (2, RunResult::RolledBack)] {
        let mut scenario = bad_deploys();
        scenario.environment.policy.max_at_once = Some(limit);
        another_goes_back(&scenario, true).await;
        let ended = scenario.guard().await;
        assert_eq!(ended.result, result, "{}", ended.summary);
        if limit == 1 {
            assert_eq!(ended.refusals(), [RefusalName::TooManyAtOnce]);
            assert!(ended.summary.contains("`eu`"), "{}", ended.summary);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_goes_on_with_holds_nobody_back() {
    let mut scenario = bad_deploys();
    scenario.environment.policy.max_at_once = Some(1);
    another_goes_back(&scenario, false).await;
    assert_eq!(scenario.guard().await.result, RunResult::RolledBack);
}
