//! Ways back that are not verified: tried again from what runs by then, then plan B.

use backout_core::journal::{Body, Recourse, RunResult};
use backout_testkit::world::{Behaviour, Move, SwitchFault};

use crate::scenario::{Ended, Scenario, back, rollback, seconds, service};

/// `v1` and then `v1b` are known to be good, and a deploy of `v2` goes bad; as many switches back fail.
async fn unlucky(failing: usize) -> Scenario {
    let scenario = Scenario::of_app().known_good().await;
    scenario.platform.deploy(&service("app"), "app:v1b");
    let scenario = scenario.known_good_again("run-0-better").await;
    let scenario = scenario.deploying(vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")]);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(1)));
    scenario.platform.faults(|faults| faults.switch(&service("app"), SwitchFault::FailsBefore, failing));
    scenario
}

fn nexts(ended: &Ended) -> Vec<Recourse> {
    let tries = ended.records.iter().filter_map(|record| match &record.body {
        Body::AttemptFailed { next, .. } => Some(*next),
        _ => None,
    });
    tries.collect()
}

#[tokio::test(start_paused = true)]
async fn a_way_back_that_failed_is_planned_anew_and_tried_again() {
    let scenario = unlucky(2).await;
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!((nexts(&ended), scenario.running()), (vec![Recourse::Again], vec!["app:v1b".to_owned()]));
    assert_eq!(ended.kinds().iter().filter(|kind| **kind == "plan_made").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn plan_b_needs_permission() {
    let scenario = unlucky(4).await;
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!((nexts(&ended), scenario.running()), (vec![Recourse::Again], vec!["app:v2".to_owned()]));
    assert_eq!(ended.result.exit_code(true), 4);
}

#[tokio::test(start_paused = true)]
async fn plan_b_leads_to_the_next_older_good_checkpoint() {
    let mut scenario = unlucky(4).await;
    scenario.environment.policy.plan_b = true;
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(nexts(&ended), [Recourse::Again, Recourse::OlderCheckpoint]);
    assert_eq!(scenario.running(), ["app:v1"]);
}

#[tokio::test(start_paused = true)]
async fn plan_b_is_tried_once() {
    let mut scenario = unlucky(6).await;
    scenario.environment.policy.plan_b = true;
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::NotVerified, "{}", ended.summary);
    assert_eq!(nexts(&ended), [Recourse::Again, Recourse::OlderCheckpoint]);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_began_is_tried_once() {
    let scenario = unlucky(2).await;
    scenario.platform.deploy(&service("app"), "app:v2");
    let ended = scenario.run(rollback(back()), "run-1").await.unwrap();
    assert_eq!((ended.result, nexts(&ended)), (RunResult::NotVerified, Vec::new()));
}
