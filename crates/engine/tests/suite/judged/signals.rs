//! Deploys that are judged by signals from queries.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::config::{Condition, PromServer, PromSignal, Threshold, Trigger, TriggerAction};
use backout_core::detect::{Measured, SignalPath, Unit};
use backout_core::hook::AlertState;
use backout_core::id::{AlertName, SignalName, TriggerName};
use backout_core::journal::{Around, Body, RunResult};
use backout_core::plan::{Mode, Request};
use backout_testkit::world::Move;

use crate::scenario::{Ended, Scenario, back, seconds, service};

fn name(name: &str) -> SignalName {
    SignalName::new(name).unwrap()
}

/// A signal of a server, with a trigger on more than 5 % twice in a row.
fn with_signal(mut scenario: Scenario, signal: &str, server: &str, every: Duration) -> Scenario {
    let url = format!("http://{server}:9090");
    let server = PromServer { url, headers: BTreeMap::new(), login: None, verify: true, authority: None };
    let timeout = seconds(5);
    let name = name(signal);
    let promql = "a / b".to_owned();
    let signal = PromSignal { name: name.clone(), promql, samples: None, min_samples: 0, server, every, timeout };
    scenario.environment.signals.insert(name.clone(), signal);
    scenario.environment.triggers.push(Trigger {
        name: TriggerName::new(&format!("too-many-{name}")).unwrap(),
        signal: SignalPath::Named(name),
        condition: Condition::Above(Threshold { value: 0.05, unit: Unit::Ratio }),
        consecutive: 2,
        action: TriggerAction::Rollback,
        impact: None,
        implicit: false,
    });
    scenario
}

fn deploying() -> Scenario {
    let mut scenario = with_signal(Scenario::of_app(), "errors", "metrics", seconds(5));
    scenario.environment.guard.soak = seconds(60);
    scenario
}

/// What the deploy command does.
fn script() -> Vec<Move> {
    vec![Move::Wait(seconds(1)), Move::Deploy(service("app"), "app:v2")]
}

/// Deploys a new version, after whose start the signal has another number.
async fn guarded(before: Option<f64>, after: Option<f64>) -> (Scenario, Ended) {
    let scenario = deploying();
    let errors = name("errors");
    scenario.querier.set(&errors, Some(0.001));
    let scenario = scenario.known_good().await;
    let scenario = scenario.deploying(script());
    scenario.querier.set(&errors, before);
    let turn = async {
        scenario.clock.sleep(seconds(20)).await;
        scenario.querier.set(&errors, after);
    };
    let (ended, ()) = tokio::join!(scenario.guard(), turn);
    (scenario, ended)
}

#[tokio::test(start_paused = true)]
async fn deploy_after_which_requests_fail_is_taken_back() {
    let (scenario, ended) = guarded(Some(0.001), Some(0.2)).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
    let judged = serde_json::to_string(&ended.records).unwrap();
    assert!(judged.contains("errors 2 times in a row: 20 %"), "{judged}");
}

#[tokio::test(start_paused = true)]
async fn deploy_whose_requests_go_well_is_kept() {
    let (_, ended) = guarded(Some(0.001), Some(0.002)).await;
    assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn signal_that_cannot_be_measured_takes_nothing_back_and_proves_nothing() {
    let (scenario, ended) = guarded(Some(0.001), None).await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn signal_that_was_red_before_the_deploy_is_not_blamed_on_it() {
    let (scenario, ended) = guarded(Some(0.2), Some(0.3)).await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(scenario.touched(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn signals_of_one_server_and_interval_are_asked_for_together() {
    let scenario = with_signal(deploying(), "latency", "metrics", seconds(5));
    let scenario = with_signal(scenario, "slow", "metrics", seconds(50));
    let scenario = with_signal(scenario, "other", "elsewhere", seconds(5)).deploying(script());
    scenario.guard().await;
    let mut rounds = scenario.querier.asked();
    rounds.sort();
    rounds.dedup();
    assert_eq!(rounds, [vec![name("errors"), name("latency")], vec![name("other")], vec![name("slow")]]);
}

#[tokio::test(start_paused = true)]
async fn slow_server_is_asked_one_round_at_a_time() {
    let scenario = deploying().deploying(script());
    scenario.querier.takes(seconds(25));
    scenario.guard().await;
    // Once before the deploy, then at 0 and 30 seconds of a minute.
    assert!((2..=4).contains(&scenario.querier.asked().len()), "{:?}", scenario.querier.asked());
}

#[tokio::test(start_paused = true)]
async fn way_back_does_not_wait_for_the_signals() {
    let (scenario, _) = guarded(Some(0.001), Some(0.002)).await;
    scenario.platform.kill(&service("app"), 1);
    let before = scenario.querier.asked().len();
    scenario.querier.takes(seconds(3_600));
    let ended = scenario.rollback(crate::scenario::back()).await;
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    // What is kept beside the steps is asked for once on each side, and not waited for.
    assert_eq!(scenario.querier.asked().len(), before + 2);
}

/// A deploy that is judged by an alert as well.
fn with_alert() -> (Scenario, AlertName) {
    let name = AlertName::new("high_errors").unwrap();
    let mut scenario = Scenario::of_app();
    scenario.environment.triggers.push(Trigger {
        name: TriggerName::new("alerted").unwrap(),
        signal: SignalPath::Alert(name.clone()),
        condition: Condition::Above(Threshold { value: 0.0, unit: Unit::Number }),
        consecutive: 2,
        action: TriggerAction::Rollback,
        impact: None,
        implicit: false,
    });
    (scenario, name)
}

#[tokio::test(start_paused = true)]
async fn deploy_after_which_an_alert_fires_is_taken_back_and_one_that_fired_before_is_not_blamed_on_it() {
    let firing = |scenario: &Scenario| AlertState::Firing { what: "5 % fail".to_owned(), since: scenario.clock.now() };
    for (fires_before, expected) in [(false, RunResult::RolledBack), (true, RunResult::KeptUnproven)] {
        let (scenario, alert) = with_alert();
        scenario.store.tell(&alert, AlertState::Quiet);
        let scenario = scenario.known_good().await.deploying(script());
        if fires_before {
            scenario.store.tell(&alert, firing(&scenario));
        }
        let turn = async {
            scenario.clock.sleep(seconds(4)).await;
            scenario.store.tell(&alert, firing(&scenario));
        };
        let (ended, ()) = tokio::join!(scenario.guard(), turn);
        assert_eq!(ended.result, expected, "{}", ended.summary);
    }
}

#[tokio::test(start_paused = true)]
async fn alert_of_which_nobody_can_hear_takes_nothing_back() {
    let (scenario, alert) = with_alert();
    scenario.store.tell(&alert, AlertState::Quiet);
    let scenario = scenario.known_good().await.deploying(script());
    scenario.store.tell(&alert, AlertState::Unheard { why: "nobody listens".to_owned() });
    let ended = scenario.guard().await;
    assert_eq!((ended.result, scenario.running()), (RunResult::KeptUnproven, vec!["app:v2".to_owned()]));
}

/// What was kept around the steps of a rollback: each side with the signals' words.
fn kept(ended: &Ended) -> Vec<(Around, Vec<String>)> {
    let kept = ended.records.iter().filter_map(|record| match &record.body {
        Body::SignalsKept { around, samples } => {
            Some((*around, samples.iter().map(|sample| format!("{} {:?}", sample.signal, sample.measured)).collect()))
        }
        _ => None,
    });
    kept.collect()
}

#[tokio::test(start_paused = true)]
async fn what_signals_say_is_kept_before_the_first_step_and_after_the_last_whoever_goes_back() {
    let value = |value: f64| vec![format!("errors {:?}", Measured::Value { value })];
    let both = [(Around::Before, value(0.2)), (Around::After, value(0.2))];
    let (_, by_itself) = guarded(Some(0.001), Some(0.2)).await;
    assert_eq!(by_itself.result, RunResult::RolledBack, "{}", by_itself.summary);
    assert_eq!(kept(&by_itself), both);
    for mode in [Mode::Planned, Mode::Emergency] {
        let scenario = deploying();
        scenario.querier.set(&name("errors"), Some(0.001));
        let scenario = scenario.known_good().await;
        scenario.platform.deploy(&service("app"), "app:v2");
        scenario.querier.set(&name("errors"), Some(0.2));
        let by_hand = scenario.rollback(Request { mode, ..back() }).await;
        assert_eq!(by_hand.result, RunResult::RolledBack, "{}", by_hand.summary);
        assert_eq!(kept(&by_hand), both, "{mode:?}");
        let kinds = by_hand.kinds();
        let at = |kind: &str| kinds.iter().position(|it| *it == kind);
        let last = kinds.iter().rposition(|it| *it == "step_ended");
        assert!(at("signals_kept") < at("step_intended") && last < kinds.iter().rposition(|it| *it == "signals_kept"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_holds_no_rollback_up() {
    let went = async |is_silent: bool| {
        let scenario = deploying();
        scenario.querier.set(&name("errors"), Some(0.001));
        let scenario = scenario.known_good().await;
        scenario.platform.deploy(&service("app"), "app:v2");
        if is_silent {
            scenario.querier.takes(seconds(3600));
        }
        let began = scenario.clock.uptime();
        let ended = scenario.rollback(back()).await;
        assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
        (scenario.clock.uptime() - began, kept(&ended))
    };
    let (quick, _) = went(false).await;
    let (slow, kept) = went(true).await;
    assert!(slow <= quick + seconds(4), "two seconds on each side at the most: {slow:?} and {quick:?}");
    let silent = Measured::Unmeasurable { why: "no answer within 2 s".to_owned() };
    assert_eq!(kept[0], (Around::Before, vec![format!("errors {silent:?}")]));
    assert_eq!(kept.len(), 2);
}
