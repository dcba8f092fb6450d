//! Deploys that are judged by what is logged, and by what services use.

use std::time::Duration;

use backout_core::config::{Condition, LogSignal, Threshold, Tolerated, Trigger, TriggerAction};
use backout_core::detect::Unit;
use backout_core::id::{SignalName, TriggerName};
use backout_core::journal::{Body, RunResult};
use backout_testkit::world::{Behaviour, Move, Uses};

use crate::scenario::{Ended, Scenario, millis, seconds, service};

const LOG: &str = "/var/log/app.log";
const ERROR: &[u8] = b"ERROR 500: it is broken\n";
const MANY: Unit = Unit::Number;

fn above(value: f64, unit: Unit) -> Condition {
    Condition::Above(Threshold { value, unit })
}

fn than_before() -> Condition {
    Condition::Baseline(Tolerated { errors: 1.5, slower: 1.25 })
}

/// An application with a trigger, and a soak of a minute.
fn triggered(signal: &str, condition: Condition, consecutive: u32) -> Scenario {
    let mut scenario = Scenario::of_app();
    scenario.environment.guard.soak = seconds(60);
    scenario.environment.triggers.push(Trigger {
        name: TriggerName::new("watched").unwrap(),
        signal: signal.parse().unwrap(),
        condition,
        consecutive,
        action: TriggerAction::Rollback,
        impact: None,
        implicit: false,
    });
    scenario
}

/// An application with a trigger on more than one line of errors in two seconds, twice in a row.
fn logging(services: &[&str], files: &[&str]) -> Scenario {
    let mut scenario = triggered("log_errors", above(0.5, MANY), 2);
    let name = SignalName::new("log_errors").unwrap();
    let signal = LogSignal {
        name: name.clone(),
        services: services.iter().map(|name| service(name)).collect(),
        files: files.iter().map(|path| (*path).to_owned()).collect(),
        matching: vec!["ERROR [0-9]+".to_owned()],
        window: seconds(10),
        every: seconds(2),
    };
    scenario.environment.logged.insert(name, signal);
    scenario
}

/// Deploys a version that behaves so.
async fn guarded(scenario: Scenario, behaviour: Behaviour) -> (Scenario, Ended) {
    let scenario = scenario.known_good().await.deploying(vec![Move::Deploy(service("app"), "app:v2")]);
    scenario.platform.teach(&service("app"), "app:v2", behaviour);
    let ended = scenario.guard().await;
    (scenario, ended)
}

/// What was found in the watch.
fn said(ended: &Ended) -> String {
    let findings = ended.records.iter().filter_map(|record| match &record.body {
        Body::Judged { judgement } => Some(&judgement.findings),
        _ => None,
    });
    findings.flatten().map(|finding| format!("{}: {}\n", finding.subject, finding.what)).collect()
}

fn assert_went_back((scenario, ended): (Scenario, Ended), because: &str) {
    assert_eq!(ended.result, RunResult::RolledBack, "{}", ended.summary);
    assert_eq!(scenario.running(), ["app:v1"]);
    assert!(said(&ended).contains(because), "{}", said(&ended));
}

#[tokio::test(start_paused = true)]
async fn deploy_that_logs_errors_although_it_is_healthy_is_taken_back() {
    let noisy = Behaviour::well().logs(millis(500), "ERROR 500: secret-4711");
    let (scenario, ended) = guarded(logging(&["app"], &[]), noisy).await;
    let records = serde_json::to_string(&ended.records).unwrap();
    assert!(!records.contains("secret-4711"), "no line of a log is kept: {records}");
    assert_went_back((scenario, ended), "log_errors 2 times in a row: ");
}

#[tokio::test(start_paused = true)]
async fn deploy_that_logs_what_is_no_matter_is_kept() {
    for quiet in [Behaviour::well().logs(millis(100), "fine"), Behaviour::well().logs(seconds(5), "ERROR 1")] {
        let (_, ended) = guarded(logging(&["app"], &[]), quiet).await;
        assert_eq!(ended.result, RunResult::Kept, "{}", ended.summary);
    }
}

#[tokio::test(start_paused = true)]
async fn log_that_was_red_before_the_deploy_is_not_blamed_on_it() {
    let scenario = logging(&["app"], &[]);
    scenario.platform.teach(&service("app"), "app:v1", Behaviour::well().logs(millis(500), "ERROR 500"));
    let (_, ended) = guarded(scenario, Behaviour::well().logs(millis(500), "ERROR 500")).await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
}

/// Deploys while somebody writes a file, a line of errors a second, after a rotation where it `rotates`; it was full of errors
/// before.
async fn writing(rotates: bool, errors: usize) -> (Scenario, Ended) {
    let scenario = logging(&[], &[LOG]);
    let old = ERROR.repeat(1_000);
    scenario.files.put(LOG, &old);
    let (files, clock) = (scenario.files.clone(), scenario.clock.clone());
    let writes = async move {
        // The first version is recorded as good within the first minute.
        clock.sleep(seconds(75)).await;
        let kept = if rotates { Vec::new() } else { old };
        for line in 1..=errors {
            files.put(LOG, &[kept.as_slice(), &ERROR.repeat(line)].concat());
            clock.sleep(Duration::from_millis(500)).await;
        }
    };
    let (ended, ()) = tokio::join!(guarded(scenario, Behaviour::well()), writes);
    ended
}

#[tokio::test(start_paused = true)]
async fn file_counts_from_where_it_ended_and_one_that_was_rotated_from_its_start() {
    assert_eq!(writing(false, 3).await.1.result, RunResult::Kept, "what stood in it before counts nowhere");
    assert_went_back(writing(false, 30).await, "log_errors 2 times in a row: ");
    assert_went_back(writing(true, 30).await, "log_errors 2 times in a row: ");
}

#[tokio::test(start_paused = true)]
async fn log_that_cannot_be_read_takes_nothing_back_and_proves_nothing() {
    let scenario = logging(&["app"], &[LOG]);
    scenario.files.make_unreadable(LOG);
    let (scenario, ended) = guarded(scenario, Behaviour::well().logs(millis(500), "ERROR 500")).await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert_eq!(scenario.touched(), Vec::<String>::new());
    assert!(said(&ended).contains("permission denied"), "{}", said(&ended));
}

fn using(cpus: f64, memory: f64, growth: f64) -> Behaviour {
    Behaviour::well().uses(Uses { cpus, memory, growth, limit: Some(1e9) })
}

#[tokio::test(start_paused = true)]
async fn deploy_that_uses_more_than_it_may_is_taken_back() {
    let memory = triggered("app.memory", above(5e8, Unit::Bytes), 3);
    assert_went_back(guarded(memory, using(0.1, 1e8, 2e7)).await, "app.memory 3 times in a row: ");
    let busy = triggered("app.cpu", above(0.9, Unit::Ratio), 3);
    assert_went_back(guarded(busy, using(1.9, 1e8, 0.0)).await, "app.cpu 3 times in a row: 95 % of its processors");
    let restarts = triggered("app.restarts", above(0.0, MANY), 1);
    let restarting = Behaviour::well().restarts_every(seconds(40));
    assert_went_back(guarded(restarts, restarting).await, "app.restarts once: 1 restart");
}

#[tokio::test(start_paused = true)]
async fn deploy_that_uses_no_more_than_it_may_is_kept() {
    for (signal, limit) in [("app.memory", above(5e8, Unit::Bytes)), ("app.cpu", above(0.9, Unit::Ratio))] {
        let (_, ended) = guarded(triggered(signal, limit, 3), using(1.0, 4e8, 1e5)).await;
        assert_eq!(ended.result, RunResult::Kept, "{signal}: {}", ended.summary);
    }
}

#[tokio::test(start_paused = true)]
async fn leak_is_found_without_a_server() {
    let mut leaking = triggered("app.memory", than_before(), 1);
    leaking.environment.guard.soak = seconds(1_800);
    assert_went_back(guarded(leaking, using(0.1, 1e8, 1e6)).await, "memory rises by 60.0 MB a minute");
}

#[tokio::test(start_paused = true)]
async fn one_restart_is_no_more_than_what_happens_before_too() {
    let restarting = Behaviour::well().restarts_every(seconds(40));
    let (_, ended) = guarded(triggered("app.restarts", than_before(), 1), restarting).await;
    assert_ne!(ended.result, RunResult::RolledBack, "{}", said(&ended));
}

#[tokio::test(start_paused = true)]
async fn memory_that_was_near_its_limit_before_is_not_blamed_on_the_deploy() {
    let mut scenario = triggered("app.memory", than_before(), 1);
    scenario.environment.guard.soak = seconds(600);
    scenario.platform.teach(&service("app"), "app:v1", using(0.1, 9e8, 0.0));
    let (_, ended) = guarded(scenario, using(0.1, 9e8, 0.0)).await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
}

#[tokio::test(start_paused = true)]
async fn what_a_platform_does_not_tell_takes_nothing_back_and_proves_nothing() {
    let untold = Behaviour::well().uses(Uses { cpus: 0.1, memory: 9e9, growth: 0.0, limit: None });
    let (_, ended) = guarded(triggered("app.memory", above(5e8, Unit::Bytes), 1), untold).await;
    assert_eq!(ended.result, RunResult::KeptUnproven, "{}", ended.summary);
    assert!(said(&ended).contains("no instance runs whose memory is told"), "{}", said(&ended));
}
