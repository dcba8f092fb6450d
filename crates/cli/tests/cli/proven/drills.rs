//! Drills on a host service, broken by a pair of commands; and what is not begun.

use std::fs;

use crate::place::Place;
use crate::running::Running;

const COMMANDS: &str = "command: { break: [sh, -c, \"echo bad > mood\"], repair: [sh, -c, \"echo well > mood\"] }";

/// Version 1 runs with a probe on its mood; `drill` of the configuration is this.
fn stage(drill: &str) -> Running {
    let running = Running::new();
    let place = &running.0;
    place.write("mood", "well\n");
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let mood = "{ exec: [sh, -c, \"read mood < mood && test $mood = well\"], every: 100ms }";
    let config = config.replace("        probes:\n", &format!("        probes:\n          mood: {mood}\n"));
    let trigger = "      mood: { signal: web.mood.up, below: 100%, consecutive: 1, action: rollback }";
    let config = config.replace("    triggers:\n", &format!("    triggers:\n{trigger}\n"));
    place.write("backout.yaml", &format!("{}\n    drill: {drill}\n", config.trim_end()));
    running
}

fn mood(place: &Place) -> String {
    fs::read_to_string(place.work().join("mood")).unwrap()
}

#[test]
fn a_drill_that_makes_errors_is_noticed_repaired_and_measured() {
    let running =
        stage(&format!("{{ allowed: true, break: errors, within: 20s, objective: 60s, every: 30d, {COMMANDS} }}"));
    let place = &running.0;
    let due = place.run(&["check"]);
    assert!(due.stdout.contains("there was no good drill yet"), "{}", due.shown());

    let drilled = place.run(&["drill", "--yes"]).well();

    assert!(drilled.stdout.starts_with("good: "), "{}", drilled.shown());
    assert!(drilled.stderr.contains("1. what runs is checked and recorded"), "{}", drilled.shown());
    assert!(drilled.stderr.contains("repaired"), "{}", drilled.shown());
    assert_eq!(mood(place), "well\n");
    let list = place.run(&["drill", "list", "--json"]).well().document();
    assert_eq!((&list["drills"][0]["how"], &list["drills"][0]["is_good"]), (&"errors".into(), &true.into()));
    let status = place.run(&["status", "--json"]).well().document();
    assert!(status["drill"]["due"].is_null() && status["drill"]["last_good_at"].is_string(), "{status}");
    let history = place.run(&["history"]).well();
    assert!(history.stdout.contains("drill `web` (errors)"), "{}", history.shown());
    let incidents = place.run(&["incident", "list", "--json"]).well().document();
    let run = list["drills"][0]["run"].as_str().unwrap();
    assert!(!incidents.to_string().contains(run), "there is that of the demo, and no other: {incidents}");
    let report = place.run(&["report", "--json"]).well().document();
    assert!(!report.to_string().contains("a drill"), "{report}");
}

#[test]
fn what_nobody_notices_is_put_back_and_is_no_good_drill() {
    let nothing = "command: { break: [sh, -c, \"echo bad > other\"], repair: [sh, -c, \"echo well > other\"] }";
    let running = stage(&format!("{{ allowed: true, break: errors, within: 1s, every: 30d, {nothing} }}"));
    let place = &running.0;
    let drilled = place.run(&["drill", "--yes"]);
    assert_eq!(drilled.code, Some(6), "{}", drilled.shown());
    assert!(drilled.stdout.contains("NOT GOOD") && drilled.stdout.contains("not noticed"), "{}", drilled.shown());
    assert_eq!(fs::read_to_string(place.work().join("other")).unwrap(), "well\n");
    let again = place.run(&["drill", "--scheduled", "--dry-run"]).well();
    assert!(again.stderr.contains("A drill in"), "it is due still: {}", again.shown());
}

#[test]
fn a_drill_that_may_not_be_is_not_begun() {
    let running = stage("{ allowed: false }");
    let place = &running.0;
    let refused = place.run(&["drill", "--yes"]);
    assert_eq!(refused.code, Some(5), "{}", refused.shown());
    assert!(refused.stderr.contains("drill-not-allowed: `demo` is not marked"), "{}", refused.shown());
    assert!(place.run(&["explain", "drill-not-allowed"]).well().stdout.contains("marked for it"));
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    place.write("backout.yaml", &config.replace("{ allowed: false }", &format!("{{ allowed: true, {COMMANDS} }}")));
    let crash = place.run(&["drill", "--yes", "--break", "crash"]);
    assert_eq!(crash.code, Some(5), "{}", crash.shown());
    assert!(crash.stderr.contains("cannot be broken by `crash`"), "{}", crash.shown());
    assert_eq!(place.run(&["drill", "--break", "errors"]).code, Some(2), "nobody can be asked");
    assert_eq!(place.run(&["drill", "--scheduled", "--yes"]).code, Some(2), "nobody said how often");
    place.write("mood", "bad\n");
    let unwell = place.run(&["drill", "--yes", "--break", "errors"]);
    assert_eq!(unwell.code, Some(5), "{}", unwell.shown());
    assert!(unwell.stderr.contains("not known to be good"), "{}", unwell.shown());
    let stray = place.run(&["break-on-purpose", "--run", "run-1"]);
    assert_eq!(stray.code, Some(1), "{}", stray.shown());
    assert_eq!(mood(place), "bad\n", "nothing was broken or repaired");
}
