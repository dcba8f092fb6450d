//! Deploys that are compared with how it was before.

use std::collections::BTreeMap;

use backout_core::config::{Condition, CountedSignal, Counters, PromServer, Tolerated, Trigger, TriggerAction};
use backout_core::detect::{KeptWatch, SignalPath, replay};
use backout_core::id::{IncidentId, SignalName, TriggerName};
use backout_core::incident::{Entry, Said, Status};
use backout_core::journal::{Body, RunResult};
use backout_engine::kept_watch;
use backout_testkit::world::{Answer, Move};

use crate::scenario::{Ended, Scenario, health, seconds, service};

fn traffic() -> SignalName {
    SignalName::new("traffic").unwrap()
}

/// A service whose requests are counted, and compared with how it was before.
fn compared(mut scenario: Scenario) -> Scenario {
    let url = "http://metrics:9090".to_owned();
    let server = PromServer { url, headers: BTreeMap::new(), login: None, verify: true, authority: None };
    let counters =
        Counters { requests: "a".to_owned(), errors: "b".to_owned(), latency: None, beside: None, memory: None };
    let (every, timeout) = (seconds(1), seconds(5));
    let (name, history) = (traffic(), seconds(1800));
    let signal = CountedSignal { name, counters, history, min_samples: 30, server, every, timeout };
    scenario.environment.counted.insert(traffic(), signal);
    scenario.environment.triggers.push(Trigger {
        name: TriggerName::new("worse").unwrap(),
        signal: SignalPath::Named(traffic()),
        condition: Condition::Baseline(Tolerated { errors: 1.5, slower: 1.25 }),
        consecutive: 3,
        action: TriggerAction::Rollback,
        impact: None,
        implicit: false,
    });
    scenario.environment.guard.soak = seconds(120);
    scenario
}

/// What the deploy command does.
fn script() -> Vec<Move> {
    vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")]
}

/// An hour of a hundred requests a second, one in a thousand failing; then a deploy with another share.
async fn guarded(scenario: Scenario, failing: f64) -> (Scenario, Ended) {
    scenario.querier.counts(&traffic(), 0.0, 100.0, 0.001);
    let scenario = scenario.known_good().await;
    scenario.clock.sleep(seconds(3600)).await;
    let scenario = scenario.deploying(script());
    scenario.querier.counts(&traffic(), 3.0, 100.0, failing);
    let ended = scenario.guard().await;
    (scenario, ended)
}

fn words(ended: &Ended) -> String {
    serde_json::to_string(&ended.judgement()).unwrap()
}

async fn kept(scenario: &Scenario, ended: &Ended) -> KeptWatch {
    kept_watch(&scenario.blobs, &ended.records).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn deploy_that_fails_more_requests_than_before_is_taken_back_and_its_verdict_can_be_had_again() {
    let (scenario, ended) = guarded(compared(Scenario::of_app()), 0.05).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
    assert!(words(&ended).contains("traffic got worse than it was: errors: "), "{}", words(&ended));
    let kept = kept(&scenario, &ended).await;
    assert_eq!(replay(&kept, &[]).unwrap().judgement, ended.judgement());
    let measured = ended.judgement().fired.and_then(|fired| fired.worse?.error_rate);
    assert!(measured.is_some_and(|rate| (0.02..0.08).contains(&rate)), "{}", words(&ended));
}

async fn says(scenario: &Scenario, said: Said) {
    let entry = Entry { incident: IncidentId::new("inc-1").unwrap(), by: "anna".to_owned(), said };
    let body = Body::Incident { entry: Box::new(entry) };
    assert!(backout_engine::note(&scenario.another_world(), "anna", &[body]).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_was_during_an_incident_is_not_how_it_usually_is() {
    for is_known in [true, false] {
        let scenario = compared(Scenario::of_app()).known_good().await;
        scenario.querier.counts(&traffic(), 0.0, 100.0, 0.001);
        scenario.clock.sleep(seconds(3600)).await;
        let opened = Said::Opened { title: "errors".to_owned(), severity: None, services: Default::default() };
        if is_known {
            says(&scenario, opened).await;
        }
        scenario.querier.counts(&traffic(), 0.0, 100.0, 0.4);
        scenario.querier.counts(&traffic(), 30.0, 100.0, 0.001);
        scenario.clock.sleep(seconds(40)).await;
        if is_known {
            says(&scenario, Said::Moved { status: Status::Restored }).await;
        }
        scenario.clock.sleep(seconds(600)).await;
        let scenario = scenario.deploying(script());
        scenario.querier.counts(&traffic(), 3.0, 100.0, 0.3);
        let ended = scenario.guard().await;
        let expected = if is_known { RunResult::RolledBack } else { RunResult::Kept };
        assert_eq!(ended.result, expected, "{is_known}: {}", words(&ended));
    }
}

#[tokio::test(start_paused = true)]
async fn deploy_that_fails_as_many_requests_as_before_is_kept() {
    let (scenario, ended) = guarded(compared(Scenario::of_app()), 0.001).await;
    assert_eq!(ended.result, RunResult::Kept, "{}", words(&ended));
    let kept = kept(&scenario, &ended).await;
    assert_eq!(replay(&kept, &[]).unwrap().judgement, ended.judgement());
}

#[tokio::test(start_paused = true)]
async fn deploy_beside_a_dependency_that_fails_is_kept_and_not_called_good() {
    let mut scenario = compared(Scenario::of(&[("app", &["db"]), ("db", &[])]).probed("app").probed("db"));
    // Its own trigger would take the deploy back.
    scenario.environment.triggers.retain(|trigger| trigger.signal == SignalPath::Named(traffic()));
    scenario.environment.verify.require = vec!["app.health.up".parse().unwrap()];
    let break_it = vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")];
    scenario.querier.counts(&traffic(), 0.0, 100.0, 0.001);
    let scenario = scenario.known_good().await;
    scenario.clock.sleep(seconds(3600)).await;
    let scenario = scenario.deploying(break_it);
    scenario.querier.counts(&traffic(), 5.0, 100.0, 0.4);
    let turn = async {
        scenario.clock.sleep(seconds(4)).await;
        scenario.prober.answer(&service("db"), &health(), Some(Answer::Refused));
    };
    let (ended, ()) = tokio::join!(scenario.guard(), turn);
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", words(&ended));
    assert!(words(&ended).contains("something that it depends on failed"), "{}", words(&ended));
    assert_eq!(scenario.running(), ["app:v2", "db:v1"]);
}

#[tokio::test(start_paused = true)]
async fn server_that_does_not_answer_takes_nothing_back_and_proves_nothing() {
    let scenario = compared(Scenario::of_app()).known_good().await.deploying(script());
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert!(words(&ended).contains("could not be asked for: connection refused"), "{}", words(&ended));
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn service_that_nobody_knew_before_is_not_condemned_by_its_errors() {
    let scenario = compared(Scenario::of_app()).known_good().await.deploying(script());
    scenario.querier.counts(&traffic(), 0.0, 100.0, 0.9);
    let ended = scenario.guard().await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", words(&ended));
    assert!(words(&ended).contains("too few to compare with"), "{}", words(&ended));
}
