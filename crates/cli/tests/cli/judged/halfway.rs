//! Deploys that end half-way: the code is there, and nothing was started from it.

use std::fs;
use std::path::Path;

use crate::running::Running;

#[test]
fn a_deploy_that_fails_before_anything_is_started_does_not_leave_its_code_to_the_next_start() {
    let running = Running::new();
    let place = &running.0;
    let current = || fs::read_link(place.work().join("app/current")).unwrap();
    assert_eq!(current(), Path::new("releases/1"));
    place.write("half.sh", "ln -sfn releases/2 app/current\nexit 1\n");
    let left = place.run(&["guard", "--soak", "1s", "--", "sh", "half.sh"]);
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert_eq!(current(), Path::new("releases/1"), "{}", left.shown());
    let status = place.run(&["status", "--json"]).document();
    assert_eq!(status["services"][0]["label"], "release 1", "{status}");
}

#[test]
fn code_that_waits_for_a_start_is_told_and_is_no_fault_of_the_next_deploy() {
    let running = Running::new();
    let place = &running.0;
    std::os::unix::fs::symlink("releases/2", place.work().join("app/new")).unwrap();
    fs::rename(place.work().join("app/new"), place.work().join("app/current")).unwrap();
    let status = place.run(&["status"]).well().stdout;
    assert!(status.contains("release 1 (the next start runs release 2)"), "{status}");
    let left = place.run(&["guard", "--soak", "1s", "--", "sh", "-c", "exit 1"]);
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert!(left.stderr.contains("changed nothing"), "{}", left.shown());
    assert_eq!(fs::read_link(place.work().join("app/current")).unwrap(), Path::new("releases/2"));
}
