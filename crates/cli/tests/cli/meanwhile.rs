//! Looking on while something happens.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::running::Running;

/// Asks again and again until the answer is there.
fn until<T>(what: &str, ask: impl Fn() -> Option<T>) -> T {
    for _ in 0..200 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never came to this: {what}");
}

#[test]
fn status_says_who_holds_the_environment_and_nobody_else_gets_it() {
    let running = Running::new();
    let place = &running.0;
    let guard =
        place.start(&["guard", "--soak", "3s", "--force", "rollback-of-rollback", "--", "sh", "deploy.sh", "1"]);
    let status = until("a guard holds the environment", || {
        let status = place.run(&["status", "--json"]).document();
        status["held_by"].is_object().then_some(status)
    });
    let holder = status["held_by"]["holder"].as_str().unwrap();
    assert!(holder.contains("backout guard") && holder.contains(&guard.id().to_string()), "{holder}");
    let second = place.run(&["rollback", "--yes"]);
    assert_eq!(second.code, Some(7), "{}", second.shown());
    assert!(second.stderr.contains("backout guard"), "{}", second.shown());
    let told = place.run(&["status"]).well().stdout;
    assert!(told.contains("held by: ") && told.contains("open run: run-"), "{told}");
    let left = place.left(guard.wait_with_output().unwrap());
    assert_eq!(left.code, Some(0), "{}", left.shown());
    assert!(!place.run(&["status"]).well().stdout.contains("held by"));
}

#[test]
fn watch_says_what_changes_and_ends_when_told() {
    let running = Running::new();
    let place = &running.0;
    let watch = place.start(&["watch", "--json"]);
    std::thread::sleep(Duration::from_millis(700));
    place.script("deploy.sh", "2").well();
    // Version 2 fails after 1.5 s; three bad samples, one every half second, are a verdict.
    std::thread::sleep(Duration::from_secs(5));
    kill_process(Pid::from_raw(i32::try_from(watch.id()).unwrap()).unwrap(), Signal::INT).unwrap();
    let left = place.left(watch.wait_with_output().unwrap());
    assert_eq!(left.code, Some(0), "{}", left.shown());
    let changes: Vec<serde_json::Value> = left.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(changes.iter().all(|change| change["version"] == 1), "{}", left.shown());
    let has = |subject: &str, is: &str| changes.iter().any(|c| c["subject"] == subject && c["is"] == is);
    assert!(has("web", "changed"), "{}", left.shown());
    assert!(has("web.health.up", "red"), "{}", left.shown());
    assert!(has("trigger failing", "unhealthy"), "{}", left.shown());
}
