//! Ctrl-C.

use std::time::Duration;

use backout_testkit::guarded::wait_until;
use rustix::process::Signal;

use super::{await_kind, running_well};

/// Nobody has to type `backout resume`: what was deployed is still watched, by the dead-man's switch.
#[test]
fn an_interrupted_guard_says_how_to_go_on_and_the_switch_does() {
    let test = "an_interrupted_guard_says_how_to_go_on_and_the_switch_does";
    let Some((guarded, good)) = running_well(test) else { return };
    let _ = guarded.version("v2", "fail-after:2500");
    let guard = guarded.guard(&guarded.deploy(&[("app", "v2")]));
    await_kind(&guarded, "after_seen");
    guard.signal(Signal::INT);
    let ended = guard.wait().expect_code(130);
    assert!(ended.stderr.contains("backout resume"), "{}", ended.stderr);
    wait_until("the old version", Duration::from_secs(20), || guarded.all_run(&good));
    assert_eq!(await_kind(&guarded, "run_ended").text("/result"), Some("rolled_back"));
    assert!(await_kind(&guarded, "taken_over").text("/by").unwrap().contains("dead-man's switch"));
}

/// A rollback has no switch: it waits for a person, and loses nothing.
#[test]
fn an_interrupted_rollback_can_be_resumed_at_once() {
    let Some((mut guarded, good)) = running_well("an_interrupted_rollback_can_be_resumed_at_once") else { return };
    let _ = guarded.version("v2", "ok");
    guarded.set(&[("app", "v2")]);
    guarded.up(false);
    let run = guarded.start(&["rollback", "--yes"]);
    await_kind(&guarded, "plan_made");
    run.signal(Signal::INT);
    run.wait().expect_code(130);
    guarded.backout(&["resume"]).expect_code(0);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
}
