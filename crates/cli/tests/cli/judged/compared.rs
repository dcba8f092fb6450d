//! Deploys compared with how it was before, by a real Prometheus that scrapes a real application under load.

use std::net::TcpListener;
use std::time::Duration;

use super::under_load::{Load, Past, UnderLoad};

const ALL: &str = "http_requests_total";

/// A hundred requests a second, of which one in a thousand fails, at once.
const WELL: Past = Past { requests: 100, failing: 1, within_ms: 1 };

#[test]
fn errors_that_rise_from_one_in_a_thousand_to_one_in_a_hundred_are_taken_back() {
    let test = "errors_that_rise_from_one_in_a_thousand_to_one_in_a_hundred_are_taken_back";
    let Some(stage) = UnderLoad::new(test, ["errors:1", "errors:10"], WELL, Load(4, 9)) else { return };
    stage.compare_by(&stage.server(), ALL, "");
    let checked = stage.running.0.run(&["check"]).stdout;
    let said = checked.lines().find(|line| line.contains("signal traffic")).unwrap_or_default();
    assert!(said.contains("requests within 30 minutes, of which 1"), "{checked}");

    stage.third();
    let left = stage.guard("20s", "3");
    assert_eq!(left.code, Some(0), "{}", left.shown());
    let (result, found) = stage.judged();
    assert_eq!(result, "kept", "{found}");
    assert_eq!(stage.replayed(&[])["reproduced"], true);

    let left = stage.guard("100s", "2");
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert!(left.shown().contains("traffic got worse than it was: errors: "), "{}", left.shown());
    assert_eq!(stage.version(), "3");
    let again = stage.replayed(&["tolerance=100"]);
    assert_eq!((&again["reproduced"], &again["said"]["verdict"]), (&true.into(), &"unhealthy".into()), "{again}");
    assert_eq!((&again["what_if"]["open"], &again["said"]), (&true.into(), &again["again"]), "{again}");
    let sooner = stage.replayed(&["false_alarms=20%"]);
    let delay = |said: &serde_json::Value| said["delay_s"].as_f64().unwrap();
    assert!(delay(&sooner["what_if"]) < delay(&sooner["said"]), "{sooner}");
    let none = stage.running.0.run(&["decide", "--replay", "no-such-run"]);
    assert_eq!(none.code, Some(2), "{}", none.shown());
}

#[test]
fn answers_that_take_five_times_as_long_are_taken_back() {
    let test = "answers_that_take_five_times_as_long_are_taken_back";
    let past = Past { within_ms: 20, ..WELL };
    let Some(stage) = UnderLoad::new(test, ["slow:20", "slow:100"], past, Load(4, 9)) else { return };
    stage.compare_by(&stage.server(), ALL, "");
    let left = stage.guard("60s", "2");
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert!(left.shown().contains("traffic got worse than it was: latency p"), "{}", left.shown());
    assert_eq!(stage.version(), "1");
}

#[test]
fn a_version_that_flaps_is_taken_back_and_a_fixed_limit_is_replayed_with_another() {
    let test = "a_version_that_flaps_is_taken_back_and_a_fixed_limit_is_replayed_with_another";
    let Some(stage) = UnderLoad::new(test, ["errors:1", "flap:3000"], WELL, Load(1, 50)) else { return };
    stage.configure("", "flapping: { signal: web.health.up }", "");
    let left = stage.guard("60s", "2");
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert!(left.shown().contains("web.health.up got worse than it was: probe: "), "{}", left.shown());
    assert_eq!(stage.replayed(&[])["reproduced"], true);

    stage.configure("", "failing: { signal: web.health.up, below: 100%, consecutive: 3 }", "");
    let left = stage.guard("60s", "2");
    assert_eq!(left.code, Some(3), "{}", left.shown());
    let patient = stage.replayed(&["failing.consecutive=500"]);
    assert_eq!((&patient["reproduced"], &patient["what_if"]["open"]), (&true.into(), &true.into()), "{patient}");
    let sooner = stage.replayed(&["consecutive=1"]);
    assert_eq!(sooner["what_if"]["verdict"], "unhealthy", "{sooner}");
    assert!(sooner["what_if"]["at"].as_str() < sooner["said"]["at"].as_str(), "{sooner}");
}

#[test]
fn few_requests_prove_nothing_unless_they_all_fail() {
    let test = "few_requests_prove_nothing_unless_they_all_fail";
    let past = Past { requests: 1, ..WELL };
    let Some(stage) = UnderLoad::new(test, ["errors:1", "errors:1000"], past, Load(1, 800)) else { return };
    stage.compare_by(&stage.server(), ALL, "");
    stage.third();
    let left = stage.guard("8s", "3");
    assert_eq!(left.code, Some(0), "{}", left.shown());
    let (result, found) = stage.judged();
    assert_eq!(result, "kept_unproven");
    assert!(found.contains("requests; it takes 30 to call it healthy"), "{found}");

    let left = stage.guard("60s", "2");
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert_eq!(stage.version(), "3");
}

/// The rule asks for three whole minutes, so this is the longest test of all.
#[test]
fn memory_that_comes_near_its_limit_and_stays_there_is_taken_back() {
    let test = "memory_that_comes_near_its_limit_and_stays_there_is_taken_back";
    let Some(stage) = UnderLoad::new(test, ["errors:1", "leak:100"], WELL, Load(1, 20)) else { return };
    stage.compare_memory("12MiB");
    let left = stage.guard("260s", "2");
    assert_eq!(left.code, Some(3), "{}", left.shown());
    let (result, found) = stage.judged();
    assert_eq!((result.as_str(), found.contains("of the memory's limit is in use")), ("rolled_back", true), "{found}");
    assert_eq!(stage.version(), "1");
}

#[test]
fn an_outage_of_a_dependency_is_not_held_against_the_deploy() {
    let test = "an_outage_of_a_dependency_is_not_held_against_the_deploy";
    let Some(stage) = UnderLoad::new(test, ["errors:1", "errors:1"], WELL, Load(2, 9)) else { return };
    let bank = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = bank.local_addr().unwrap();
    let probe = format!("          bank: {{ tcp: \"{address}\", every: 500ms, dependency: true }}\n");
    stage.compare_by(&stage.server(), ALL, &probe);
    let left = std::thread::scope(|scope| {
        let outage = scope.spawn(|| {
            while stage.version() != "2" {
                std::thread::sleep(Duration::from_millis(50));
            }
            drop(bank);
            // Whatever version runs: without the bank it fails.
            stage.control("errors:400");
        });
        let left = stage.guard("12s", "2");
        outage.join().unwrap();
        left
    });
    assert_eq!(left.code, Some(0), "{}", left.shown());
    assert_eq!(stage.version(), "2");
    let (result, found) = stage.judged();
    assert_eq!(result, "kept_unproven");
    assert!(found.contains("something that it depends on failed"), "{found}");
}

#[test]
fn a_prometheus_that_is_away_silent_or_answers_nan_condemns_nobody() {
    let test = "a_prometheus_that_is_away_silent_or_answers_nan_condemns_nobody";
    let Some(stage) = UnderLoad::new(test, ["errors:1", "errors:900"], WELL, Load(1, 20)) else { return };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nan = format!("{ALL} * NaN");
    let cases = [
        (format!("http://{free}"), ALL, "connection refused", "2"),
        (format!("http://{}", silent.local_addr().unwrap()), ALL, "no answer within 1000 ms", "1"),
        (stage.server(), nan.as_str(), "was measured for 0 % of the watch", "2"),
        (stage.server(), "no_such_metric", "no series matches `requests`", "1"),
    ];
    for (server, requests, words, version) in cases {
        stage.compare_by(&server, requests, "");
        let left = stage.guard("4s", version);
        assert_eq!(left.code, Some(0), "{}", left.shown());
        let (result, found) = stage.judged();
        assert_eq!((result.as_str(), found.contains(words)), ("kept_unproven", true), "{words}: {found}");
        assert_eq!(stage.version(), version);
    }
}
