//! In batches: verified between two of them, and stopped where health has recovered.

use super::{CHANGED, ids, running_well, switched};
use backout_testkit::guarded::{Guarded, JournalRecord};

/// How the gates between the batches decided.
fn gates(records: &[JournalRecord]) -> Vec<String> {
    let plan = records.iter().rev().find(|record| record.kind == "plan_made").unwrap();
    let steps = plan.body["plan"]["steps"].as_array().unwrap();
    let is_gate = |record: &&JournalRecord| {
        let step = steps.iter().find(|step| step["id"] == record.body["step"]);
        record.kind == "step_ended" && step.is_some_and(|step| step["action"]["do"] == "gate")
    };
    let outcomes = records.iter().filter(is_gate).filter_map(|record| record.text("/outcome/is"));
    outcomes.map(str::to_owned).collect()
}

/// Five services run version 2, of which one is unhealthy.
fn with_bad(guarded: &mut Guarded, bad: &'static str) {
    let _ = (guarded.version("v2", "ok"), guarded.version("v2-bad", "unhealthy"));
    guarded.set(&CHANGED.map(|name| (name, "v2")));
    guarded.up(true);
    // What depends on it is up already, and is not asked to wait for it.
    guarded.set(&[(bad, "v2-bad")]);
    let _ = guarded.project().compose(&["up", "--detach", "--no-deps", bad]);
}

#[test]
fn batches_go_on_until_everything_is_back_where_health_does_not_recover_before() {
    let test = "batches_go_on_until_everything_is_back_where_health_does_not_recover_before";
    let Some((mut guarded, good)) = running_well(test) else { return };
    // Switched last, in a batch of its own.
    with_bad(&mut guarded, "worker");
    let before = guarded.journal().last();
    guarded.backout(&["rollback", "--yes", "--batch", "2"]).expect_code(0);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    let records = guarded.journal().since(before);
    assert_eq!(gates(&records), ["done", "done"]);
    assert_eq!(switched(&records).len(), CHANGED.len());
}

#[test]
fn batches_stop_as_soon_as_health_has_recovered() {
    let Some((mut guarded, good)) = running_well("batches_stop_as_soon_as_health_has_recovered") else { return };
    with_bad(&mut guarded, "db");
    let before = (guarded.journal().last(), ids(&guarded));
    guarded.backout(&["rollback", "--yes", "--batch", "2"]).expect_code(0);
    let records = guarded.journal().since(before.0);
    assert_eq!(gates(&records), ["recovered"]);
    let switched = switched(&records);
    assert_eq!(switched.len(), 2, "{switched:?}");
    for name in guarded.names() {
        let seen = guarded.one(name);
        if switched.iter().any(|switched| switched == name) {
            assert!(seen.runs_well(&good), "{seen:?}");
        } else {
            assert_eq!(seen.id, before.1[name], "`{name}`");
        }
    }
}
