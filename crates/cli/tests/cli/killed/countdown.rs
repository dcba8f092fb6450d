//! Killed while a fix is waited for.

use super::stage::Stage;

/// A guard that waits for a fix.
fn waiting(within: &str) -> (Stage, std::process::Child, String) {
    let policy = format!("{{ matrix: [{{ then: roll_back_unless_fixed, within: {within} }}], fixed_after: 1s }}");
    let stage = Stage::new(&policy, "");
    let guard = stage.guard("20s", "sh deploy.sh 2");
    let is_decided = |record: &backout_testkit::guarded::JournalRecord| record.kind == "decided";
    let decided = stage.await_record("the decision", is_decided);
    let by = decided.text("/decision/weighed/fix_by").unwrap().to_owned();
    (stage, guard, by)
}

#[test]
fn the_dead_mans_switch_keeps_to_the_same_time_and_goes_back_then() {
    let (stage, guard, by) = waiting("6s");
    stage.kill_alone(guard);
    assert_eq!(stage.result(), "rolled_back", "{}", stage.told());
    assert!(stage.runs("1"));
    let decided = stage.of("decided");
    assert_eq!(decided.len(), 2, "{}", stage.told());
    let (by, back): (jiff::Timestamp, jiff::Timestamp) = (by.parse().unwrap(), decided[1].at.parse().unwrap());
    assert!(back >= by, "a fix was waited for until {by}, and given up at {back}");
    assert_eq!(stage.of("taken_over").len(), 1, "{}", stage.told());
}

#[test]
fn what_is_fixed_while_nobody_waits_is_kept_by_whoever_goes_on() {
    let (stage, guard, _) = waiting("10m");
    stage.kill(guard);
    stage.place().script("deploy.sh", "1").well();
    let left = stage.resume();
    assert_eq!(left.code, Some(0), "{}", left.shown());
    assert_eq!(stage.result(), "kept", "{}", stage.told());
    assert!(stage.runs("1"));
    let kept = stage.of("checkpoint_taken").into_iter().last().unwrap();
    assert_eq!(kept.text("/checkpoint/artifacts/web/label"), Some("release 1"));
}
