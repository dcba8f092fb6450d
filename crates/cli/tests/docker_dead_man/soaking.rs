//! The guard dies while it watches what was deployed.

use super::{BACK_WITHIN, assert_switch_ends, assert_taken_over, await_kind, await_result, running_well};
use backout_testkit::guarded::wait_until;

#[test]
fn a_guard_killed_after_a_bad_deploy_has_the_service_back_in_time() {
    let test = "a_guard_killed_after_a_bad_deploy_has_the_service_back_in_time";
    let Some((guarded, good)) = running_well(test) else { return };
    let bad = guarded.version("v2", "fail-after:1500");
    let guard = guarded.guard(&guarded.deploy(&[("app", "v2")]));
    await_kind(&guarded, "after_seen");
    guard.kill();
    assert_eq!(guarded.one("app").image, bad);
    wait_until("the old version", BACK_WITHIN, || guarded.all_run(&good));
    assert_eq!(await_result(&guarded), "rolled_back");
    assert_taken_over(&guarded);
    assert_switch_ends(&guarded);
}

#[test]
fn a_guard_killed_after_a_good_deploy_has_it_kept_and_graded() {
    let test = "a_guard_killed_after_a_good_deploy_has_it_kept_and_graded";
    let Some((guarded, _)) = running_well(test) else { return };
    let new = guarded.version("v2", "ok");
    let guard = guarded.guard(&guarded.deploy(&[("app", "v2")]));
    await_kind(&guarded, "after_seen");
    let deployed = guarded.one("app");
    guard.kill();
    assert_eq!(await_result(&guarded), "kept");
    assert_taken_over(&guarded);
    assert_eq!((guarded.one("app").id, deployed.image), (deployed.id, new));
    let kept = guarded.journal().newest("checkpoint_taken").unwrap();
    let graded = guarded.journal().newest("graded").unwrap();
    assert_eq!(graded.text("/checkpoint"), kept.text("/checkpoint/id"));
    assert_eq!(graded.text("/grade"), Some("good"));
    assert_switch_ends(&guarded);
}
