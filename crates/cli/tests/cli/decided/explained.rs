//! `backout decide`: what would be decided, and by which rules.

use serde_json::Value;

use crate::place::{Left, Place};

const CONFIG: &str = "version: 1\nproject: shop\nenvironments:\n  production:\n    platform: { exec: {} }\n    services:\n      \
    app: { observe: ./x, capture: ./x, restore: ./x }\n      db: { observe: ./x, capture: ./x, restore: ./x }\n";

fn place(policy: &str) -> Place {
    let place = Place::new();
    place.write("backout.yaml", &format!("{CONFIG}    policy: {policy}\n"));
    place
}

fn decide(place: &Place, arguments: &[&str]) -> Value {
    place.run(&[&["decide", "--json"], arguments].concat()).well().document()["decision"].clone()
}

#[test]
fn what_is_said_is_decided_by_the_runbook_that_is_chosen() {
    let place = place("{ matrix: heliosdb }");
    let decided = decide(&place, &["--tag", "impact=service_down", "--service", "app"]);
    assert_eq!(
        (&decided["choice"], &decided["weighed"]["severity"]),
        (&"roll_back".into(), &"P1".into()),
        "{decided:#}"
    );
    assert_eq!(decided["weighed"]["case"]["share"], 0.5);
    let slow = ["--tag", "impact=slow", "--tag", "latency_rise=200%", "--at", "2026-11-21T03:15:00Z"];
    let decided = decide(&place, &slow);
    assert_eq!(decided["choice"], "roll_back_unless_fixed");
    assert_eq!(decided["weighed"]["fix_by"], "2026-11-21T03:30:00Z");
    let decided = decide(&place, &[&slow[..], &["--tag", "fix_within=20m"]].concat());
    assert_eq!(decided["choice"], "fix_forward");
    assert_eq!(decided["reasons_against"], serde_json::json!(["the matrix heliosdb, row `major-degradation`: P2"]));
    let decided = decide(&place, &["--severity", "P4"]);
    assert_eq!(decided["choice"], "observe");
}

#[test]
fn a_freeze_counts_at_the_time_that_is_asked_about() {
    let place = place("{ freeze: [{ name: weekend, days: [sat, sun], from: '00:00', until: '00:00' }] }");
    let at = |time| decide(&place, &["--tag", "impact=errors", "--at", time])["choice"].clone();
    assert_eq!(at("2026-11-20T12:00:00Z"), "roll_back");
    assert_eq!(at("2026-11-21T12:00:00Z"), "hold");
}

#[test]
fn people_read_the_decision_and_every_rule_that_spoke() {
    let left = place("{}").run(&["decide", "--tag", "vip=true", "--tag", "fix_within=9m"]).well();
    assert_eq!(
        left.stdout.lines().take(4).collect::<Vec<_>>(),
        [
            "keep it, and fix it forward (P1)",
            "  for: not to be rolled back, `quick-fix-urgent`: P1, a fix within 540 s",
            "  against: the matrix default, row `vip`: vip true",
            "  severity P1: vip true",
        ],
        "{}",
        left.shown()
    );
}

#[test]
fn what_cannot_be_meant_is_said() {
    let place = place("{}");
    let refused = |arguments: &[&str]| -> Left { place.run(&[&["decide"], arguments].concat()) };
    for (arguments, said) in [
        (&["--tag", "vip"][..], "write it as `KEY=VALUE`"),
        (&["--tag", "impact=awful"], "is not an impact"),
        (&["--service", "shop"], "the services are: app, db"),
        (&["--severity", "P7"], "is not a severity"),
        (&["--at", "noon"], "is not a time"),
    ] {
        let left = refused(arguments);
        assert_eq!(left.code, Some(2), "{}", left.shown());
        assert!(left.stderr.contains(said), "{}", left.shown());
    }
}
