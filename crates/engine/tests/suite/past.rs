//! What is past: estimates, pruning, and how often an automatic run may go back.

use backout_core::journal::{Body, RunResult};
use backout_core::policy::RefusalName;
use backout_engine::{checkpoints, estimates, past_rollbacks, prune};
use backout_testkit::world::{Behaviour, Move};

use crate::scenario::{Scenario, back, guard, rollback, seconds, service};

#[tokio::test(start_paused = true)]
async fn steps_are_estimated_from_those_of_past_runs() {
    let scenario = Scenario::of_app().known_good().await;
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario.rollback(back()).await;
    let estimates = estimates(&scenario.store.all());
    assert_eq!(estimates.median_ms("switch", Some(&service("app"))), Some(300));
}

#[tokio::test(start_paused = true)]
async fn old_checkpoints_are_let_go_of_and_the_last_known_good_never() {
    let mut scenario = Scenario::of_app();
    for n in 0..4 {
        scenario = scenario.known_good_again(&format!("run-{n}")).await;
    }
    let lease = scenario.lease("prune").await;
    let released = prune(&scenario.world(), &lease, 2).await.unwrap();
    let all = checkpoints(&scenario.store.all());
    assert_eq!((all.len(), released.len()), (8, 6));
    let retained: Vec<_> = all.iter().filter(|graded| graded.is_retained).map(|graded| &graded.checkpoint.id).collect();
    assert_eq!(scenario.platform.pinned().iter().collect::<Vec<_>>(), retained);
    assert_eq!(prune(&scenario.world(), &lease, 2).await.unwrap(), Vec::new());
}

#[tokio::test(start_paused = true)]
async fn checkpoint_whose_pins_cannot_be_taken_away_is_no_target_any_more() {
    let scenario = Scenario::of_app().known_good().await;
    let lease = scenario.lease("prune").await;
    scenario.platform.faults(|faults| faults.release = true);
    prune(&scenario.world(), &lease, 1).await.unwrap_err();
    let retained = checkpoints(&scenario.store.all()).iter().filter(|graded| graded.is_retained).count();
    assert_eq!(retained, 1);
}

#[tokio::test(start_paused = true)]
async fn too_many_automatic_rollbacks_within_the_hour_are_left_to_a_person() {
    let script = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    let mut scenario = Scenario::of_app().deploying(script);
    scenario.environment.policy.max_automatic_per_hour = Some(2);
    scenario.platform.teach(&service("app"), "app:v2", Behaviour::well().answers_wrongly_after(seconds(1)));
    for name in ["run-1", "run-2"] {
        assert_eq!(scenario.run(guard(), name).await.unwrap().result, RunResult::RolledBack);
    }
    let third = scenario.run(guard(), "run-3").await.unwrap();
    assert_eq!((third.result, third.refusals()), (RunResult::Held, vec![RefusalName::TooManyAutomatic]));
    let by_hand = scenario.run(rollback(back()), "run-4").await.unwrap();
    assert_eq!(by_hand.result, RunResult::RolledBack, "{}", by_hand.summary);
    assert_eq!(past_rollbacks(&scenario.store.all()).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn target_that_could_not_be_verified_is_refused_until_it_is_graded_anew() {
    let scenario = Scenario::of_app().known_good().await;
    scenario.platform.deploy(&service("app"), "app:v2");
    scenario.platform.teach(&service("app"), "app:v1", Behaviour::well().unhealthy_after(seconds(1)));
    let first = scenario.run(rollback(back()), "run-1").await.unwrap();
    assert_eq!(first.result, RunResult::NotVerified, "{}", first.summary);
    scenario.platform.deploy(&service("app"), "app:v2");
    let second = scenario.run(rollback(back()), "run-2").await.unwrap();
    assert_eq!((second.result, second.refusals()), (RunResult::Refused, vec![RefusalName::DestinationUnhealthy]));
    grade_good(&scenario, &first.records).await;
    scenario.platform.teach(&service("app"), "app:v1", Behaviour::well());
    let third = scenario.run(rollback(back()), "run-3").await.unwrap();
    assert_eq!(third.result, RunResult::RolledBack, "{}", third.summary);
}

async fn grade_good(scenario: &Scenario, of: &[backout_core::journal::Record]) {
    use backout_core::port::Store;
    let target = of.iter().find_map(|record| match &record.body {
        Body::PlanMade { plan } => Some(plan.target.clone()),
        _ => None,
    });
    let lease = scenario.lease("somebody").await;
    let grade = backout_core::inventory::Grade::Good;
    let body = Body::Graded { checkpoint: target.unwrap(), grade, why: "looked at".to_owned() };
    scenario.store.append(&lease, None, &body).await.unwrap();
    scenario.store.release(&lease).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn service_that_was_never_deployed_does_not_keep_the_rest_from_being_good() {
    let mut scenario = Scenario::of(&[("app", &[]), ("new", &[])]);
    let new = scenario.environment.services.remove(&service("new")).unwrap();
    scenario.platform.remove(&service("new"));
    let mut scenario = scenario.known_good().await;
    scenario.environment.services.insert(service("new"), new);
    scenario.platform.teach(&service("new"), "new:v1", Behaviour::well().exits_after(seconds(2), 1));
    let scenario = scenario.deploying(vec![Move::Wait(seconds(1)), Move::Deploy(service("new"), "new:v1")]);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
}
