//! Agreeing to a plan: what was looked at is what runs, or nothing.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;

use crate::place::Place;
use crate::running::{Running, SECRET};

/// What runs, as `status` says it.
fn runs(place: &Place) -> String {
    let status = place.run(&["status", "--json"]).document();
    format!("{} {}", status["services"][0]["label"], status["services"][0]["version"])
}

/// Version 2 runs, and the plan back to version 1 is in `plan.json`.
fn planned() -> Running {
    let running = Running::new();
    let place = &running.0;
    place.run(&["checkpoint", "create"]).well();
    place.script("deploy.sh", "2").well();
    let plan = place.run(&["plan", "--out", "plan.json"]).well();
    assert!(plan.stderr.contains("`backout rollback --plan plan.json` runs exactly that one"), "{}", plan.shown());
    running
}

fn newest_run(place: &Place) -> Value {
    place.run(&["history", "--json"]).document()["runs"][0].clone()
}

#[test]
fn a_plan_that_was_written_is_what_runs() {
    let running = planned();
    let place = &running.0;
    let file = place.work().join("plan.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read_to_string(&file).unwrap().contains(SECRET));
    // Version 2 becomes unhealthy meanwhile, which makes no other plan.
    std::thread::sleep(Duration::from_secs(2));
    let back = place.run(&["rollback", "--plan", "plan.json", "--reason", "approved in the pipeline"]).well();
    assert!(runs(place).contains("release 1"), "{}", back.shown());
    let again = place.run(&["rollback", "--plan", "plan.json"]);
    assert_eq!(again.code, Some(5), "{}", again.shown());
    assert!(
        again.stderr.contains("stale-facts") && again.stderr.contains("release 2 -> release 1"),
        "{}",
        again.shown()
    );
}

#[test]
fn a_plan_that_was_written_before_the_world_moved_is_refused() {
    let running = planned();
    let place = &running.0;
    place.write("app.conf", &format!("password = other {SECRET}\n"));
    let before = runs(place);
    let left = place.run(&["rollback", "--plan", "plan.json"]);
    assert_eq!(left.code, Some(5), "{}", left.shown());
    let said = left.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("app.conf` of `web`: content "), "{}", left.shown());
    assert!(said.contains("`backout plan`") && !said.contains(SECRET), "{}", left.shown());
    assert_eq!(runs(place), before);
    assert_eq!(fs::read_to_string(place.work().join("app.conf")).unwrap(), format!("password = other {SECRET}\n"));
    assert_eq!(newest_run(place)["ending"]["result"], "refused");
    place.run(&["plan", "--out", "plan.json"]).well();
    place.run(&["rollback", "--plan", "plan.json"]).well();
}

#[test]
fn a_file_that_is_no_plan_of_this_environment_is_told_and_nothing_runs() {
    let running = planned();
    let place = &running.0;
    let runs_before = newest_run(place)["id"].clone();
    let good: Value = serde_json::from_slice(&fs::read(place.work().join("plan.json")).unwrap()).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut file = good.clone();
        *file.pointer_mut(pointer).unwrap() = value;
        file.to_string()
    };
    let cases = [
        ("not a plan".to_owned(), "is no plan"),
        ("{}".to_owned(), "it has no version"),
        (r#"{"version": 1}"#.to_owned(), "is no plan: missing field"),
        (with("/version", 2.into()), "was written by a newer backout: it has form 2"),
        (with("/plan/environment", "elsewhere".into()), "is of `elsewhere`, and this is `demo`"),
        (with("/plan/steps", Value::Array(Vec::new())), "is not the one that was written"),
        (with("/plan/request/data/accept_loss", 9.into()), "is not the one that was written"),
    ];
    for (text, said) in cases {
        place.write("other.json", &text);
        let left = place.run(&["rollback", "--plan", "other.json"]);
        assert_eq!(left.code, Some(2), "{}", left.shown());
        assert!(left.stderr.contains(said), "{said}: {}", left.shown());
    }
    assert_eq!(place.run(&["rollback", "--plan", "missing.json"]).code, Some(2));
    for other in ["cp-1", "--stack", "--service=web", "--dry-run", "--emergency", "--batch=1", "--to-time=now"] {
        let left = place.run(&["rollback", "--plan", "plan.json", other]);
        assert_eq!(left.code, Some(2), "{other}: {}", left.shown());
        assert!(left.stderr.contains("cannot be used with"), "{other}: {}", left.shown());
    }
    assert_eq!(newest_run(place)["id"], runs_before);
}

#[test]
fn a_plan_that_could_not_run_is_not_written() {
    let running = Running::new();
    let place = &running.0;
    place.run(&["checkpoint", "create"]).well();
    let left = place.run(&["plan", "--out", "plan.json"]);
    assert_eq!(left.code, Some(5), "{}", left.shown());
    assert!(left.stderr.contains("`plan.json` was not written"), "{}", left.shown());
    assert!(!place.work().join("plan.json").exists());
}

/// The world moves while the question stands: the new plan is shown, and asked for.
#[test]
fn a_person_is_asked_again_where_the_world_moved_while_the_question_stood() {
    let running = planned();
    let place = &running.0;
    let (mut terminal, told) = place.at_a_terminal("rollback");
    let asked = |times: usize| {
        for _ in 0..200 {
            let text = fs::read_to_string(&told).unwrap_or_default();
            if text.matches("Type `yes` to go on").count() == times {
                return text;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("not asked {times} times: {}", fs::read_to_string(&told).unwrap_or_default());
    };
    asked(1);
    place.write("app.conf", "password = none\n");
    let mut keyboard = terminal.stdin.take().unwrap();
    keyboard.write_all(b"yes\n").unwrap();
    let text = asked(2);
    assert!(text.contains("this has changed since the plan was shown") && text.contains("app.conf"), "{text}");
    assert_eq!(fs::read_to_string(place.work().join("app.conf")).unwrap(), "password = none\n");
    keyboard.write_all(b"yes\n").unwrap();
    assert!(terminal.wait().unwrap().success(), "{}", fs::read_to_string(&told).unwrap_or_default());
    assert_eq!(newest_run(place)["ending"]["result"], "rolled_back");
    assert!(runs(place).contains("release 1"));
}
