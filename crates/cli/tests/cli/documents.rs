//! Every command that looks, on what a demo left: its document parses and has a version, and its words say what happened.

use crate::place::Place;

/// A place with one bad deploy that was rolled back. Nothing runs in it any more.
fn after_a_demo() -> Place {
    let place = Place::new();
    place.run(&["demo", "-q", "--keep", "demo"]).well();
    place
}

fn document(place: &Place, arguments: &[&str], code: i32) -> serde_json::Value {
    let left = place.run_in("demo", &[arguments, &["--json"]].concat());
    assert_eq!(left.code, Some(code), "{arguments:?}: {}", left.shown());
    left.document()
}

#[test]
fn every_command_that_looks_prints_a_document() {
    let place = after_a_demo();
    let status = document(&place, &["status"], 0);
    assert_eq!(status["services"][0]["service"], "web");
    assert_eq!(status["services"][0]["seen"], "absent");
    assert_eq!(status["services"][0]["against_good"], "differs");
    assert_eq!(status["held_by"], serde_json::Value::Null);

    let history = document(&place, &["history"], 0);
    let run = history["runs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(history["runs"][0]["ending"]["result"], "rolled_back");
    let chain = document(&place, &["history", "--verify"], 0);
    assert!(chain["chain"]["records"].as_u64().is_some_and(|records| records > 10), "{chain:#}");

    let shown = document(&place, &["show", &run], 0);
    assert_eq!(shown["run"]["id"], run.as_str());
    assert!(shown["evidence"].as_array().is_some_and(|pieces| pieces.len() == 2), "{:#}", shown["evidence"]);

    let list = document(&place, &["checkpoint", "list"], 0);
    let good = list["last_known_good"].as_str().unwrap();
    let checkpoint = document(&place, &["checkpoint", "show", good], 0);
    assert_eq!(checkpoint["grade"], "good");
    assert_eq!(document(&place, &["show", good], 0), checkpoint, "`show` takes a checkpoint as well");

    let diff = document(&place, &["diff"], 0);
    assert_eq!(diff["services"][0]["is"], "removed", "nothing runs any more: {diff:#}");
    let plan = document(&place, &["plan"], 0);
    assert_eq!(plan["may_run"], true);
    assert_eq!(document(&place, &["verify"], 6)["holds"], false);
    assert_eq!(document(&place, &["check"], 6)["holds"], false);
}

#[test]
fn a_report_counts_what_happened() {
    let place = after_a_demo();
    let report = document(&place, &["report"], 0);
    assert_eq!(report["deploys"], serde_json::json!({"rolled_back": 1}), "{report:#}");
    assert_eq!(report["change_failures"], serde_json::json!({"some": 1, "all": 1}));
    assert_eq!(report["rollbacks"], serde_json::json!({"some": 1, "all": 1}));
    assert_eq!(report["by_service"], serde_json::json!({"web": 1}));
    assert!(report["to_recover"]["median_ms"].as_i64().is_some_and(|median| median > 0), "{report:#}");
    let told = place.run_in("demo", &["report", "--since", "1h"]).well().stdout;
    assert!(told.contains("- Rollbacks that were verified: 1 of 1 (100 %)"), "{told}");
    let wrong = place.run_in("demo", &["report", "--since", "yesterday"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.shown());
}

#[test]
fn a_run_is_told_with_its_evidence() {
    let place = after_a_demo();
    let shown = place.run_in("demo", &["show"]).well().stdout;
    for part in ["rolled back after", "verdict", "decision", "every check holds", "evidence (", "web.log"] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
    let log = place.run_in("demo", &["show", "--evidence", "web.log"]).well().stdout;
    assert!(log.contains("answered 500"), "{log}");
    let missing = place.run_in("demo", &["show", "--evidence", "web.lug"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("it has: web.log, web.state.json"), "{}", missing.shown());
}

#[test]
fn a_plan_reads_like_a_diff() {
    let place = after_a_demo();
    let plan = place.run_in("demo", &["plan"]).well();
    for part in ["+ web release 1", "way back: switch back to what runs now", "compensable", "why:"] {
        assert!(plan.stdout.contains(part), "{part} is missing: {}", plan.shown());
    }
}

#[test]
fn a_changed_record_is_found() {
    let place = after_a_demo();
    let journal = place.work().join("demo/.backout/journal.db");
    let connection = rusqlite::Connection::open(journal).unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        connection.execute_batch(&format!("DROP TRIGGER \"{trigger}\"")).unwrap();
    }
    connection.execute("UPDATE record SET body = replace(body, 'tester', 'nobody') WHERE seq = 1", []).unwrap();
    drop(connection);
    let left = place.run_in("demo", &["history", "--verify"]);
    assert_eq!(left.code, Some(6), "{}", left.shown());
    assert!(left.stderr.contains("record 1 "), "{}", left.shown());
}
