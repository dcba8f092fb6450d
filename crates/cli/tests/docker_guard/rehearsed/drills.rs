//! Drills on real Docker Compose: noticed, put back, and measured; also where the process that drills is killed or interrupted.

use std::process::Child;

use backout_core::inventory::Grade;
use backout_core::journal::{Body, RunResult};
use backout_testkit::docker::docker;
use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Ran, Stage, eventually};

const MARKED: &str = "    drill: { allowed: true, within: 15s, every: 30d, environment: { APP_MODE: crash-on-start } }";
/// Nothing notices by itself for a while, so that what a test does comes in the middle.
const SLOW: &str = "    triggers:\n      slow: { signal: app.health.latency, above: 60s }";

fn states(stage: &Stage) -> Vec<String> {
    let ids = stage.containers("app");
    ids.iter().map(|it| docker(&["inspect", "--format", "{{.State.Status}}", &it.id]).trim().to_owned()).collect()
}

fn is_back(stage: &Stage, good: &str) {
    assert_eq!(states(stage), ["running"]);
    assert_eq!(stage.running("app"), [good]);
    eventually("it answers again", || stage.answer("/version").as_deref() == Some("good"));
}

fn is_put_back(ran: &Ran, how: &str) {
    ran.ended(0, RunResult::RolledBack);
    assert!(ran.stdout.starts_with("good: ") && ran.stdout.contains(how), "{ran}");
    assert!(ran.stdout.contains("noticed after"), "{ran}");
    assert!(ran.checkpoints.iter().all(|graded| graded.grade != Grade::Bad), "{ran}");
}

#[test]
fn a_drill_is_noticed_and_put_back_and_counts_as_no_incident() {
    let Some(stage) = Stage::set("a_drill_is_noticed_and_put_back_and_counts_as_no_incident") else { return };
    stage.configure(&[MARKED]);
    let good = stage.image("good", "ok");
    stage.up("good");
    let status = stage.backout(&["status"]);
    assert!(status.stderr.contains("there was no good drill yet"), "{status}");
    let shown = stage.backout(&["drill", "--dry-run"]);
    assert!(shown.exit == 0 && shown.stderr.contains("that end at once"), "{shown}");
    let crash = stage.backout(&["drill", "--yes", "--scheduled"]);
    is_put_back(&crash, "(crash)");
    is_back(&stage, &good);

    let again = stage.backout(&["drill", "--yes", "--scheduled"]);
    assert!(again.exit == 0 && again.stderr.contains("young enough"), "{again}");
    let status = stage.backout(&["status", "--json"]);
    assert!(status.stdout.contains("\"last_good_at\": \"20") && status.stdout.contains("\"due\": null"), "{status}");
    for how in ["image", "config"] {
        is_put_back(&stage.backout(&["drill", "--yes", "--break", how]), &format!("({how})"));
        is_back(&stage, &good);
    }

    let list = stage.backout(&["drill", "list", "--json"]);
    assert_eq!(list.stdout.matches("\"is_good\": true").count(), 3, "{list}");
    let shown = stage.backout(&["drill", "--dry-run"]);
    assert!(shown.stderr.contains("before") && shown.stderr.contains("The last good drill"), "{shown}");
    let report = stage.backout(&["report"]);
    assert!(report.stdout.contains("- Guarded deploys: 0"), "{report}");
    let incidents = stage.backout(&["incident", "list", "--json"]);
    assert!(!incidents.stdout.contains("\"id\""), "{incidents}");
}

/// A drill in the middle: what it broke is broken, and it is recorded that it was.
fn broken(stage: &Stage) -> Child {
    let child = stage.start(&["drill", "--yes", "--break", "image"], &[]);
    let is_broken = |body: &Body| matches!(body, Body::AfterSeen { .. });
    eventually("it is broken", || stage.so_far().has(is_broken));
    assert_eq!(states(stage), ["exited"]);
    child
}

#[test]
fn a_drill_whose_process_is_killed_is_put_back_by_whoever_goes_on() {
    let Some(stage) = Stage::set("a_drill_whose_process_is_killed_is_put_back_by_whoever_goes_on") else { return };
    stage.configure(&[MARKED, SLOW]);
    let good = stage.image("good", "ok");
    stage.up("good");
    let mut child = broken(&stage);
    child.kill().unwrap();
    child.wait().unwrap();

    // Nobody resumes it: the switch that stands by does.
    eventually("the run ends", || stage.so_far().has(|body| matches!(body, Body::RunEnded { .. })));
    assert_eq!(stage.so_far().ending().map(|(result, _)| result), Some(RunResult::RolledBack));
    is_back(&stage, &good);
}

#[test]
fn a_drill_that_is_interrupted_puts_everything_back_before_it_ends() {
    let Some(stage) = Stage::set("a_drill_that_is_interrupted_puts_everything_back_before_it_ends") else { return };
    stage.configure(&[MARKED, SLOW]);
    let good = stage.image("good", "ok");
    stage.up("good");
    let child = broken(&stage);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();

    let ran = Ran::of(child, &stage);

    // It may have been noticed just before.
    assert!([0, 6].contains(&ran.exit), "{ran}");
    assert_eq!(ran.ending().map(|(result, _)| result), Some(RunResult::RolledBack), "{ran}");
    assert!(ran.stderr.contains("putting back what the drill broke"), "{ran}");
    is_back(&stage, &good);
}
