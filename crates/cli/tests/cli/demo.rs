//! The demo, from its first word to nothing left behind.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::place::Place;

fn play(scenario: &str) -> serde_json::Value {
    let place = Place::new();
    let left = place.run(&["demo", "--json", "--scenario", scenario]).well();
    let document = left.document();
    assert_eq!(document["scenario"], scenario, "{}", left.shown());
    assert_eq!(fs::read_dir(place.temporary()).unwrap().count(), 0, "{scenario} leaves files");
    assert_eq!(place.processes(), [""; 0], "{scenario} leaves processes");
    document
}

fn result(document: &serde_json::Value) -> &str {
    document["run"]["ending"]["result"].as_str().unwrap()
}

#[test]
fn a_bad_deploy_is_rolled_back_and_verified() {
    let document = play("bad-deploy");
    assert_eq!(result(&document), "rolled_back");
    assert!(document["times"]["to_recover_ms"].as_i64().is_some_and(|ms| ms > 0), "{:#}", document["times"]);
}

#[test]
fn a_deploy_that_ends_at_its_start_is_rolled_back() {
    assert_eq!(result(&play("crash")), "rolled_back");
}

#[test]
fn a_slow_deploy_is_rolled_back() {
    let document = play("slow");
    let findings = document["records"].to_string();
    assert_eq!(result(&document), "rolled_back");
    assert!(findings.contains("web.health.latency"), "the latency was what fired");
}

#[test]
fn a_good_deploy_is_kept() {
    assert_eq!(result(&play("good-deploy")), "kept");
}

#[test]
fn a_guard_that_is_killed_half_way_is_gone_on_with() {
    let document = play("killed");
    assert_eq!(result(&document), "rolled_back");
    let records = document["records"].as_array().unwrap();
    assert!(records.iter().any(|record| record["body"]["kind"] == "taken_over"), "nobody took it over");
}

#[test]
fn the_story_is_told_in_plain_sentences() {
    let place = Place::new();
    let left = place.run(&["demo"]).well();
    for part in ["in version 1", "backout guard -- sh", "decision", "roll back"] {
        assert!(left.stderr.contains(part), "{part} is missing: {}", left.shown());
    }
    for part in ["first bad signal", "version 1 is back and verified", "Measured: ", "--keep DIR"] {
        assert!(left.stdout.contains(part), "{part} is missing: {}", left.shown());
    }
}

#[test]
fn a_folder_that_is_not_empty_is_not_played_in() {
    let place = Place::new();
    place.write("mine/file", "mine");
    let left = place.run(&["demo", "--keep", "mine"]);
    assert_eq!(left.code, Some(2), "{}", left.shown());
    assert_eq!(fs::read_dir(place.work().join("mine")).unwrap().count(), 1);
}

#[test]
fn an_interrupted_demo_leaves_nothing_behind() {
    for after in [150, 500, 1_200] {
        let place = Place::new();
        let child = place.start(&["demo"]);
        std::thread::sleep(Duration::from_millis(after));
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let left = place.left(child.wait_with_output().unwrap());
        assert_eq!(left.code, Some(130), "after {after} ms: {}", left.shown());
        assert_eq!(place.processes(), [""; 0], "after {after} ms");
        assert_eq!(fs::read_dir(place.temporary()).unwrap().count(), 0, "after {after} ms");
    }
}
