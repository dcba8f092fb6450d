//! Observing after a rollback: what goes bad again is told and never rolled back by itself.

use backout_core::journal::{Body, Observation, ObservationResult, RunResult, RunStarted};
use backout_engine::{EngineError, Interrupt};
use backout_testkit::world::Answer;

use crate::scenario::{Ended, Scenario, back, health, rollback, seconds, service};

fn observed_rollback() -> RunStarted {
    RunStarted { observe_ms: 900_000, ..rollback(back()) }
}

fn observation(ended: &Ended) -> Observation {
    let observed = ended.records.iter().find_map(|record| match &record.body {
        Body::Observed { observation } => Some(observation.clone()),
        _ => None,
    });
    observed.unwrap()
}

async fn crashed() -> Scenario {
    let scenario = Scenario::of_app().known_good().await;
    scenario.platform.kill(&service("app"), 1);
    scenario
}

#[tokio::test(start_paused = true)]
async fn environment_that_stays_well_is_observed_to_the_end() {
    let ended = crashed().await.run(observed_rollback(), "run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    let observation = observation(&ended);
    assert_eq!(observation.result, ObservationResult::Held);
    assert!((900_000..910_000).contains(&observation.after_ms), "{}", observation.after_ms);
}

#[tokio::test(start_paused = true)]
async fn what_goes_bad_again_needs_a_person_at_once_and_nothing_more_is_touched() {
    let scenario = crashed().await;
    let turn = async {
        scenario.clock.sleep(seconds(300)).await;
        scenario.prober.answer(&service("app"), &health(), Some(Answer::Wrong));
    };
    let (ended, ()) = tokio::join!(scenario.run(observed_rollback(), "run-1"), turn);
    let ended = ended.unwrap();
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert!(ended.summary.contains("went bad again after 5 min"), "{}", ended.summary);
    assert!(observation(&ended).after_ms < 310_000);
    assert_eq!(scenario.touched(), ["app"], "it was switched once");
}

#[tokio::test(start_paused = true)]
async fn person_who_ends_the_observation_is_written_down() {
    let scenario = crashed().await;
    let leaves = async {
        scenario.clock.sleep(seconds(120)).await;
        scenario.interrupt.send_replace(Interrupt::Asked);
    };
    let (ended, ()) = tokio::join!(scenario.run(observed_rollback(), "run-1"), leaves);
    let ended = ended.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack);
    assert_eq!(observation(&ended).result, ObservationResult::Left);
    assert!(ended.summary.contains("not observed to the end"), "{}", ended.summary);
}

/// A rollback whose process is gone while it observes.
async fn killed(scenario: &Scenario) {
    let dies = async {
        scenario.clock.sleep(seconds(120)).await;
    };
    tokio::select! {
        ended = scenario.run(observed_rollback(), "run-1") => panic!("it ended: {ended:?}"),
        () = dies => {}
    }
}

#[tokio::test(start_paused = true)]
async fn observation_of_a_process_that_is_gone_is_gone_on_with() {
    let scenario = crashed().await;
    killed(&scenario).await;
    let turn = async {
        scenario.clock.sleep(seconds(200)).await;
        scenario.prober.answer(&service("app"), &health(), Some(Answer::Wrong));
    };
    let (ended, ()) = tokio::join!(scenario.resume("run-1"), turn);
    assert_eq!(ended.unwrap().result, RunResult::NotVerified);
}

#[tokio::test(start_paused = true)]
async fn observation_whose_time_is_over_is_recorded_as_not_seen_to_its_end() {
    let scenario = crashed().await;
    killed(&scenario).await;
    scenario.clock.sleep(seconds(3_600)).await;
    let ended = scenario.resume("run-1").await.unwrap();
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(observation(&ended).result, ObservationResult::Unseen);
}

#[tokio::test(start_paused = true)]
async fn rollback_that_is_interrupted_before_it_is_verified_is_not_observed() {
    let scenario = crashed().await;
    scenario.interrupt.send_replace(Interrupt::Asked);
    let ended = scenario.run(observed_rollback(), "run-1").await;
    assert!(matches!(ended, Err(EngineError::Interrupted)), "{ended:?}");
}
