//! Several at once on one environment, and one whose holder is dead.

use std::time::Duration;

use backout_testkit::guarded::wait_until;

use super::{await_kind, running_well};

/// How long a lease lasts here: the `dead_man` of the configuration.
const LEASE: Duration = Duration::from_secs(3);

#[test]
fn a_second_guard_is_told_who_holds_the_environment_and_until_when() {
    let test = "a_second_guard_is_told_who_holds_the_environment_and_until_when";
    let Some((guarded, _)) = running_well(test) else { return };
    let (new, _) = (guarded.version("v2", "ok"), guarded.version("v3", "ok"));
    let first = guarded.guard(&guarded.deploy(&[("app", "v2")]));
    let pid = first.pid();
    await_kind(&guarded, "after_seen");
    let before = guarded.one("app");
    let second = guarded.guard(&["touch".to_owned(), "second".to_owned()]).wait().expect_code(7);
    assert!(second.stderr.contains(&format!("process {pid}")), "{}", second.stderr);
    assert!(second.stderr.contains("until 2"), "{}", second.stderr);
    assert!(!guarded.folder().join("second").exists());
    first.wait().expect_code(0);
    let kept = guarded.one("app");
    assert_eq!((kept.id, kept.image), (before.id, new));
    assert_eq!(guarded.journal().result().as_deref(), Some("kept"));
}

/// A rollback has nobody who stands by: its lease ends by expiring.
#[test]
fn a_dead_holder_blocks_no_longer_than_its_lease() {
    let Some((mut guarded, good)) = running_well("a_dead_holder_blocks_no_longer_than_its_lease") else { return };
    let _ = guarded.version("v2", "ok");
    guarded.set(&[("app", "v2")]);
    guarded.up(false);
    let mut run = guarded.start(&["rollback", "--yes"]);
    let begun = guarded.journal().last() + 1;
    assert!(guarded.journal().await_record(begun, || !run.is_running()));
    run.kill();
    let held = guarded.backout(&["resume"]).expect_code(7);
    assert!(held.stderr.contains("`backout rollback`"), "{}", held.stderr);
    let since = guarded.journal().last();
    let mut resumed = None;
    wait_until("the lease to expire", LEASE + Duration::from_secs(1), || {
        let process = resumed.get_or_insert_with(|| guarded.start(&["resume"]));
        if !process.is_running() {
            resumed = None;
        }
        guarded.journal().last() > since
    });
    resumed.unwrap().wait().expect_code(0);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
}
