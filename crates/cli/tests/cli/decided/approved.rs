//! Plans that wait for people: another terminal agrees, or does not.

use std::fs;
use std::time::Duration;

use crate::place::Place;
use crate::running::Running;

/// Version 2 runs, and two people must agree before it goes back.
fn deployed(within: &str) -> Running {
    let running = Running::new();
    let place = &running.0;
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let own: Vec<&str> = config.lines().filter(|line| !line.trim_start().starts_with("policy:")).collect();
    let policy = format!("    policy: {{ approvals: {{ stack: 2, within: {within} }} }}\n");
    place.write("backout.yaml", &format!("{}\n{policy}", own.join("\n")));
    place.run(&["checkpoint", "create"]).well();
    place.script("deploy.sh", "2").well();
    running
}

/// The run that waits, as `status` tells it.
fn waiting(place: &Place) -> (String, String) {
    for _ in 0..200 {
        let status = place.run(&["status", "--json"]).document();
        if let Some(run) = status["waiting"][0]["run"].as_str() {
            return (run.to_owned(), place.run(&["status"]).stdout);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it does not wait: {}", place.run(&["show"]).shown());
}

fn runs(place: &Place) -> String {
    place.run(&["status", "--json"]).document()["services"][0]["label"].to_string()
}

#[test]
fn two_people_in_other_terminals_let_a_rollback_go_on() {
    let running = deployed("60s");
    let place = &running.0;
    let early = place.run(&["approve", "--as", "ben"]);
    assert_eq!(early.code, Some(2), "{}", early.shown());
    let rollback = place.start(&["rollback", "--yes"]);
    let (run, told) = waiting(place);
    assert!(told.contains(&format!("`backout approve {run} --as NAME`")) && told.contains("nobody yet"), "{told}");
    let first = place.run(&["approve", &run, "--as", "ben"]).well();
    assert!(first.stdout.contains("1 of 2 (ben)"), "{}", first.shown());
    let again = place.run(&["approve", &run, "--as", "BEN"]).well();
    assert!(again.stdout.contains("1 of 2 (ben)") && again.stderr.contains("counts once"), "{}", again.shown());
    assert!(runs(place).contains("release 2"), "one person is one person");
    let second = place.run(&["approve", &run, "--as", "carl", "--json"]).well().document();
    assert_eq!((&second["agreed"], &second["needed"]), (&serde_json::json!(["ben", "carl"]), &2.into()));
    let left = place.left(rollback.wait_with_output().unwrap());
    assert_eq!(left.code, Some(0), "{}", left.shown());
    assert!(runs(place).contains("release 1"));
    let shown = place.run(&["show", &run]).well().stdout;
    assert!(shown.contains("ben agrees") && shown.contains("by ben, carl"), "{shown}");
    let late = place.run(&["approve", &run, "--as", "dora"]);
    assert_eq!(late.code, Some(2), "{}", late.shown());
}

#[test]
fn one_who_declines_ends_it_and_time_does_too() {
    let running = deployed("60s");
    let place = &running.0;
    let rollback = place.start(&["rollback", "--yes"]);
    let (run, _) = waiting(place);
    place.run(&["approve", &run, "--as", "ben", "--decline", "--reason", "users are at it"]).well();
    let left = place.left(rollback.wait_with_output().unwrap());
    assert_eq!(left.code, Some(5), "{}", left.shown());
    assert!(left.stderr.contains("ben does not agree: users are at it"), "{}", left.shown());
    assert!(runs(place).contains("release 2"));
    drop(running);
    let running = deployed("1s");
    let left = running.0.run(&["rollback", "--yes"]);
    assert_eq!(left.code, Some(5), "{}", left.shown());
    assert!(left.stderr.contains("0 of 2 people agreed in time"), "{}", left.shown());
}

#[test]
fn whoever_was_killed_while_waiting_is_gone_on_with() {
    let running = deployed("60s");
    let place = &running.0;
    let mut rollback = place.start(&["rollback", "--yes"]);
    let (run, _) = waiting(place);
    place.run(&["approve", &run, "--as", "ben"]).well();
    rollback.kill().unwrap();
    rollback.wait().unwrap();
    place.run(&["approve", &run, "--as", "carl"]).well();
    let resumed = (0..100).find_map(|_| {
        let left = place.run(&["resume"]);
        // The lease of the one that was killed has to run out.
        if left.code == Some(7) {
            std::thread::sleep(Duration::from_millis(500));
            return None;
        }
        Some(left)
    });
    assert_eq!(resumed.as_ref().and_then(|left| left.code), Some(0), "{}", resumed.unwrap().shown());
    assert!(runs(place).contains("release 1"));
}
