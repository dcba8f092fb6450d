//! Killed while a run goes to the next older good checkpoint.

use backout_testkit::guarded::JournalRecord;

use super::stage::Stage;

/// Release 1 was good, then release 3 was; the deploy of release 2 goes bad and takes release 3 with it. The guard is killed at
/// that record.
fn killed_at(what: &str, is_it: impl Fn(&Stage, &JournalRecord) -> bool) {
    let mut stage = Stage::new("{ attempts: 1, plan_b: true }", "");
    stage.release("3", "1");
    stage.guard("1s", "sh deploy.sh 3").wait().unwrap();
    assert_eq!(stage.result(), "kept", "{}", stage.told());
    stage.forget();
    let guard = stage.guard("20s", "sh deploy.sh 2 && echo exit 1 > app/releases/3/start");
    stage.await_record(what, |record| is_it(&stage, record));
    stage.kill(guard);
    stage.resume();
    assert_eq!(stage.result(), "rolled_back", "killed at {what}: {}", stage.told());
    assert!(stage.runs("1"), "killed at {what}");
    let failed = stage.of("attempt_failed");
    assert_eq!(failed.len(), 1, "killed at {what}: {}", stage.told());
    assert_eq!(failed[0].text("/next"), Some("older_checkpoint"), "killed at {what}");
}

/// The number of the record by which the first way back was given up; nothing is before it.
fn given_up(stage: &Stage) -> i64 {
    stage.of("attempt_failed").first().map_or(i64::MAX, |record| record.seq)
}

#[test]
fn it_is_made_where_the_guard_dies_before_it_is_planned() {
    killed_at("the end of the first try", |_, record| record.kind == "attempt_failed");
}

#[test]
fn it_is_made_once_where_the_guard_dies_after_it_was_planned() {
    killed_at("the second plan", |stage, record| record.kind == "plan_made" && record.seq > given_up(stage));
}

#[test]
fn it_is_made_once_where_the_guard_dies_within_its_first_step() {
    killed_at("a step of the second plan", |stage, record| {
        record.kind == "step_intended" && record.seq > given_up(stage)
    });
}
