//! What a service answers at `/version`, before a deploy, after it, and once it went back.

use std::fs;
use std::time::Duration;

use backout_engine::durable;

use crate::place::Place;
use crate::running::Running;

/// Version 1 runs, and is asked which version it is.
fn asked() -> Running {
    let running = Running::new();
    let place = &running.0;
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let health = config.lines().find(|line| line.contains("/health")).unwrap();
    let address = health.split('"').nth(1).unwrap().replace("/health", "/version");
    let version = format!("        version: {{ http: \"{address}\" }}\n        probes:");
    place.write("backout.yaml", &config.replace("        probes:", &version));
    running
}

/// What the newest checkpoint has recorded, and what runs says now.
fn says(place: &Place) -> (String, String) {
    let listed = place.run(&["checkpoint", "list", "--json"]).well().document();
    let status = place.run(&["status", "--json"]).well().document();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (word(&listed["checkpoints"][0]["checkpoint"]["said"]["web"]), word(&status["services"][0]["says"]))
}

#[test]
fn what_a_service_says_of_itself_is_recorded_shown_and_must_be_said_again_after_a_rollback() {
    let running = asked();
    let place = &running.0;
    place.run(&["checkpoint", "create"]).well();
    assert_eq!(says(place), ("1".to_owned(), "1".to_owned()));
    let listed = place.run(&["checkpoint", "list"]).well();
    assert!(listed.stdout.contains("(says 1)"), "{}", listed.shown());
    let status = place.run(&["status"]).well();
    assert!(status.stdout.contains("(says 1)"), "{}", status.shown());

    place.script("deploy.sh", "2").well();
    // It answers a moment after it was started.
    let is_said = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        says(place) == ("1".to_owned(), "2".to_owned())
    });
    assert!(is_said, "{:?}", says(place));
    let differs = place.run(&["diff"]).well();
    for line in ["- web", "+ web"].map(|begin| differs.stdout.lines().find(|it| it.trim_start().starts_with(begin))) {
        let says = if line.is_some_and(|line| line.contains("- web")) { "(says 1)" } else { "(says 2)" };
        assert!(line.is_some_and(|line| line.contains(says)), "{}", differs.shown());
    }
    place.run(&["rollback", "--yes"]).well();
    let shown = place.run(&["show"]).well();
    assert!(shown.stdout.contains("holds: web says its version (says `1`, as in checkpoint"), "{}", shown.shown());
}

#[test]
fn the_same_release_that_says_another_version_than_when_it_was_recorded_does_not_hold() {
    let running = asked();
    let place = &running.0;
    place.run(&["checkpoint", "create"]).well();
    let start = "app/releases/1/start";
    let text = fs::read_to_string(place.work().join(start)).unwrap();
    let lying = text.replace("--version 1", "--version 9");
    durable::replace(&place.work().join(start), lying.as_bytes(), 0o755).unwrap();
    place.script("deploy.sh", "1").well();
    let what = "FAILS: web says its version (says `9`, and said `1` in checkpoint";
    let verified = || place.run(&["verify"]);
    let is_said = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        verified().stdout.contains(what)
    });
    assert!(is_said, "{}", verified().shown());
    assert_eq!(verified().code, Some(6), "{}", verified().shown());
}
