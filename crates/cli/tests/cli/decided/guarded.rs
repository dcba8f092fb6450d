//! What a guard does by the policy when a deploy goes bad.

use std::fs;

use serde_json::Value;

use crate::place::{Left, Place};
use crate::running::Running;

/// The demo's application with a policy of its own, and more for its environment.
pub(super) fn guarded(policy: &str, more: &str) -> Running {
    let running = Running::new();
    let place = &running.0;
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let own: Vec<&str> = config.lines().filter(|line| !line.trim_start().starts_with("policy:")).collect();
    place.write("backout.yaml", &format!("{}\n    policy: {policy}\n{more}", own.join("\n")));
    running
}

/// Deploys the version that goes bad.
pub(super) fn goes_bad(place: &Place, more: &[&str]) -> Left {
    let before = ["guard", "--json", "--soak", "20s", "--force", "rollback-of-rollback"];
    place.run(&[&before[..], more, &["--", "sh", "deploy.sh", "2"]].concat())
}

/// The last decision of the guard.
fn decision(left: &Left) -> Value {
    let document = left.document();
    let records = document["records"].as_array().unwrap();
    let decided = records.iter().rev().find(|record| record["body"]["kind"] == "decided");
    decided.unwrap_or_else(|| panic!("{}", left.shown()))["body"]["decision"].clone()
}

pub(super) fn runs(place: &Place) -> String {
    place.run(&["status", "--json"]).document()["services"][0]["label"].to_string()
}

#[test]
fn with_nothing_configured_it_goes_back_and_says_how_bad_it_was() {
    let running = guarded("{}", "");
    let left = goes_bad(&running.0, &["--tag", "region=eu"]);
    assert_eq!(left.code, Some(3), "{}", left.shown());
    let decision = decision(&left);
    assert_eq!((&decision["choice"], &decision["weighed"]["severity"]), (&"roll_back".into(), &"P0".into()));
    assert_eq!(decision["weighed"]["case"]["tags"]["region"], "eu");
    let shown = running.0.run(&["show"]).well().stdout;
    assert!(shown.contains("roll back (P0)") && shown.contains("the matrix default, row `down`"), "{shown}");
}

#[test]
fn what_is_held_or_fixed_forward_stays_and_needs_a_person() {
    let running = guarded("{ freeze: [{ name: always, from: '00:00', until: '00:00' }] }", "");
    let left = goes_bad(&running.0, &[]);
    assert_eq!(left.code, Some(4), "{}", left.shown());
    assert_eq!(decision(&left)["choice"], "hold");
    assert!(left.shown().contains("`backout rollback` does"), "{}", left.shown());
    assert!(runs(&running.0).contains("release 2"), "what was deployed is still there");
    drop(running);
    let running = guarded("{ matrix: [{ then: fix_forward }] }", "");
    let left = goes_bad(&running.0, &[]);
    assert_eq!(left.code, Some(4), "{}", left.shown());
    assert_eq!(left.document()["result"], "fix_forward");
    assert!(runs(&running.0).contains("release 2"));
}

#[test]
fn what_is_not_fixed_in_time_goes_back() {
    let running = guarded("{ matrix: [{ then: roll_back_unless_fixed, within: 4s }] }", "");
    let left = goes_bad(&running.0, &[]);
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert!(left.shown().contains("it was not fixed by"), "{}", left.shown());
    assert!(runs(&running.0).contains("release 1"));
}

#[test]
fn what_is_fixed_in_time_is_kept() {
    let running = guarded("{ matrix: [{ then: roll_back_unless_fixed, within: 10m }], fixed_after: 2s }", "");
    let place = &running.0;
    std::thread::scope(|scope| {
        let guard = scope.spawn(|| goes_bad(place, &[]));
        let status = || place.run(&["status", "--json"]).document();
        for _ in 0..300 {
            if status()["decided"][0]["fix_by"].is_string() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let told = place.run(&["status"]).well().stdout;
        assert!(told.contains("goes back at") && told.contains("left"), "{told}");
        // Somebody mends it with a version that holds.
        place.script("deploy.sh", "1").well();
        let left = guard.join().unwrap();
        assert_eq!(left.code, Some(0), "{}", left.shown());
        assert!(left.shown().contains("it is healthy again, before"), "{}", left.shown());
        // What the fix put there is a way back from now on.
        assert_eq!(left.document()["result"], "kept", "{}", left.shown());
    });
}

#[test]
fn a_fallback_is_recorded_before_it_is_switched_on_and_switched_off_later() {
    let more =
        "    fallback: { on: [sh, -c, 'echo $BACKOUT_FALLBACK >> switched'], off: [sh, -c, 'echo off >> switched'] }\n";
    let running = guarded("{ matrix: [{ then: fall_back }] }", more);
    let place = &running.0;
    let left = goes_bad(place, &[]);
    // It is on, it did not help, and there is nothing else to fall back to: what is usual is done.
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert_eq!(fs::read_to_string(place.work().join("switched")).unwrap(), "environment\n");
    let document = left.document();
    let kinds: Vec<&str> =
        document["records"].as_array().unwrap().iter().map(|r| r["body"]["kind"].as_str().unwrap()).collect();
    let at = |kind: &str| kinds.iter().position(|it| *it == kind).unwrap();
    assert_eq!(kinds.iter().filter(|kind| **kind == "fallback_switched").count(), 2, "{kinds:?}");
    assert!(at("decided") < at("fallback_switched") && at("fallback_switched") < at("plan_made"), "{kinds:?}");
    let list = || place.run(&["fallback", "list", "--json"]).well().document()["fallbacks"][0]["on_since"].clone();
    assert!(list().is_string() && place.run(&["status"]).well().stdout.contains("fallback on: environment"));
    place.run(&["fallback", "off"]).well();
    assert_eq!(fs::read_to_string(place.work().join("switched")).unwrap(), "environment\noff\n");
    assert_eq!(list(), Value::Null);
}
