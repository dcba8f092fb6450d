//! Checkpoints of a service that runs, and the files in them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::running::{Running, SECRET};

#[test]
fn a_checkpoint_gives_its_files_back_and_overwrites_nothing() {
    let running = Running::new();
    let place = &running.0;
    let id = place.run(&["checkpoint", "create", "--reason", "a test"]).well().stdout.trim().to_owned();
    let shown = place.run(&["checkpoint", "show", &id]).well().stdout;
    assert!(shown.contains("app.conf") && shown.contains("good"), "{shown}");
    assert!(!shown.contains(SECRET), "{shown}");

    let extracted = place.run(&["checkpoint", "show", &id, "--extract", "out"]).well();
    assert_eq!(extracted.stdout, "[PLACE]/work/out/app.conf\n");
    let file = place.work().join("out/app.conf");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("password = {SECRET}\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = place.run(&["checkpoint", "show", &id, "--extract", "out"]);
    assert_eq!(again.code, Some(2), "{}", again.shown());
}

#[test]
fn what_differs_is_told_by_digests_and_never_by_content() {
    let running = Running::new();
    let place = &running.0;
    let id = place.run(&["checkpoint", "create"]).well().stdout.trim().to_owned();
    assert!(place.run(&["diff"]).well().stdout.contains("nothing differs"));
    place.write("app.conf", &format!("password = changed {SECRET}\n"));
    let diff = place.run(&["diff", &id]).well();
    assert!(diff.stdout.contains("app.conf: "), "{}", diff.shown());
    let status = place.run(&["status"]).well();
    assert!(status.stdout.contains("differs"), "{}", status.shown());
    place.run(&["checkpoint", "grade", &id, "bad"]).well();
    let refused = place.run(&["plan", &id]);
    assert_eq!(refused.code, Some(5), "{}", refused.shown());
    assert!(refused.stdout.contains("override it: `--force target-not-good`"), "{}", refused.shown());
    let plan = place.run(&["plan", &id, "--force", "target-not-good"]).well();
    assert!(plan.stdout.contains("overridden: target-not-good"), "{}", plan.shown());
    assert!(plan.stdout.contains("app.conf goes back"), "{}", plan.shown());
    for left in [diff, status, plan, place.run(&["diff", "--json"]), place.run(&["plan", "--json"])] {
        assert!(!left.shown().contains(SECRET), "{}", left.shown());
    }
}

#[test]
fn a_plan_says_what_runs_and_what_would() {
    let running = Running::new();
    let place = &running.0;
    place.run(&["checkpoint", "create"]).well();
    place.script("deploy.sh", "2").well();
    let plan = place.run(&["plan"]).well().stdout;
    let lines: Vec<&str> = plan.lines().map(str::trim).collect();
    for line in ["- web release 2", "+ web release 1", "2. switch `web` to release 1"] {
        assert!(lines.contains(&line), "{line} is missing:\n{plan}");
    }
}

#[test]
fn a_service_that_runs_well_passes_every_check() {
    let running = Running::new();
    let place = &running.0;
    assert!(place.run(&["verify"]).well().stdout.contains("holds: web.health.up (200 OK)"));
    let check = place.run(&["check"]).well();
    assert!(check.stdout.contains("file of web") && !check.stdout.contains("FAILS"), "{}", check.shown());
    let status = place.run(&["status"]).well();
    assert!(status.stdout.contains("1/1 up"), "{}", status.shown());
}
