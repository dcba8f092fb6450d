//! A rollback of two services is run once undisturbed to count its records, then killed at each of them.
//!
//! The points are shared out among three tests, so that they run beside one another.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_testkit::guarded::{Creations, Guarded, Seen, Service, wait_until};

use crate::records::{assert_replayable, switch_under_way};

const SERVICES: [Service; 2] = [Service::new("db"), Service::new("app").depends_on(&["db"])];
const PROGRAM: &str = env!("CARGO_BIN_EXE_backout");

/// The number of tests that share the points.
const SHARES: usize = 3;

#[test]
fn a_rollback_killed_at_every_third_record_arrives_at_the_same_end_state() {
    share("a_rollback_killed_at_every_third_record_arrives_at_the_same_end_state", 0);
}

#[test]
fn a_rollback_killed_at_the_records_after_those_arrives_at_the_same_end_state() {
    share("a_rollback_killed_at_the_records_after_those_arrives_at_the_same_end_state", 1);
}

#[test]
fn a_rollback_killed_at_the_other_records_arrives_at_the_same_end_state() {
    share("a_rollback_killed_at_the_other_records_arrives_at_the_same_end_state", 2);
}

/// Where a killed rollback stood.
struct Killed {
    /// How many records it left.
    point: usize,
    /// The service whose switch was under way.
    within: Option<String>,
}

fn share(test: &str, share: usize) {
    let Some(mut guarded) = Guarded::new(test, PROGRAM, &SERVICES) else { return };
    guarded.configure("soak: 2s, dead_man: 2s");
    let env = guarded.folder().join(".env");
    let bad = [guarded.version("v2", "ok"), guarded.version("v2-bad", "unhealthy")];
    guarded.start_well();
    let (good, files) = (guarded.one("app").image, std::fs::read_to_string(&env).unwrap());
    let points = undisturbed(&mut guarded, &bad);
    assert!(points >= 12, "a rollback has {points} records only");
    for point in (1..=points).filter(|point| point % SHARES == share) {
        go_bad(&mut guarded, &bad);
        let creations = Creations::of(&guarded);
        let killed = kill_at(&guarded, point);
        let seen = go_on(&guarded, &killed);
        assert!(guarded.all_run(&good), "killed at record {point}: {:?}", guarded.seen());
        assert_eq!(std::fs::read_to_string(&env).unwrap(), files, "killed at record {point}");
        assert_no_needless_switch(&guarded, &killed, &creations.count());
        assert_untouched(&guarded, &killed, &seen, &good);
    }
    assert_replayable(&guarded);
}

/// `db` runs another version, `app` a bad one, and `.env` says so.
fn go_bad(guarded: &mut Guarded, [db, app]: &[String; 2]) {
    guarded.set(&[("db", "v2"), ("app", "v2-bad")]);
    guarded.up(false);
    assert_eq!([&guarded.one("db").image, &guarded.one("app").image], [db, app]);
}

/// The number of records of a rollback that nobody disturbs.
fn undisturbed(guarded: &mut Guarded, bad: &[String; 2]) -> usize {
    go_bad(guarded, bad);
    let before = guarded.journal().last();
    guarded.backout(&["rollback", "--yes"]).expect_code(0);
    guarded.journal().since(before).len()
}

/// Starts a rollback and kills it the moment it has left so many records.
fn kill_at(guarded: &Guarded, point: usize) -> Killed {
    let before = guarded.journal().last();
    let mut run = guarded.start(&["rollback", "--yes"]);
    let seq = before + i64::try_from(point).unwrap();
    assert!(guarded.journal().await_record(seq, || !run.is_running()), "record {point} was not reached");
    run.kill();
    let records = guarded.journal().since(before);
    Killed { point: records.len(), within: switch_under_way(&records) }
}

/// Goes on as soon as the dead process's lease lets somebody; a run that had ended needs nobody. What ran when it did.
fn go_on(guarded: &Guarded, killed: &Killed) -> BTreeMap<&'static str, Vec<Seen>> {
    let mut seen = guarded.seen();
    let newest = guarded.journal().since(guarded.journal().last() - 1).pop();
    if newest.is_some_and(|newest| newest.kind == "run_ended") {
        return seen;
    }
    wait_until("the lease of the killed process to expire", Duration::from_secs(10), || {
        seen = guarded.seen();
        let ended = guarded.backout(&["resume"]);
        assert!([0, 7].contains(&ended.code), "killed at record {}: {ended:?}", killed.point);
        ended.code == 0
    });
    seen
}

/// Each service is brought up once, and once more where the kill came in the middle of it.
fn assert_no_needless_switch(guarded: &Guarded, killed: &Killed, created: &BTreeMap<String, usize>) {
    for name in guarded.names() {
        let allowed = if killed.within.as_deref() == Some(name) { 1..=2 } else { 1..=1 };
        let count = created.get(name).copied().unwrap_or_default();
        assert!(allowed.contains(&count), "killed at record {}: `{name}` was created {count} times", killed.point);
    }
}

/// What had arrived when somebody went on was left alone.
fn assert_untouched(guarded: &Guarded, killed: &Killed, seen: &BTreeMap<&'static str, Vec<Seen>>, good: &str) {
    for (name, containers) in seen {
        if let [one] = containers.as_slice()
            && one.image == good
            && one.state == "running"
        {
            let now = guarded.one(name);
            let point = killed.point;
            assert_eq!((&now.id, &now.started_at), (&one.id, &one.started_at), "killed at record {point}: `{name}`");
        }
    }
}
