//! The guard dies while the deploy command still runs.

use super::{assert_switch_ends, assert_taken_over, await_kind, await_result, is_running, running_well};
use backout_testkit::guarded::wait_until;

use super::BACK_WITHIN;

/// The deploy has brought the bad version up, and would go on for an hour.
#[test]
fn an_orphaned_deploy_command_is_ended_before_the_way_back() {
    let test = "an_orphaned_deploy_command_is_ended_before_the_way_back";
    let Some((guarded, good)) = running_well(test) else { return };
    let bad = guarded.version("v2", "fail-after:1000");
    let guard = guarded.guard(&guarded.deploy_and(&[("app", "v2")], " && sleep 3600"));
    let deploy = await_kind(&guarded, "deploy_spawned").body["pid"].as_u64().unwrap();
    wait_until("the bad version", BACK_WITHIN, || {
        guarded.seen_of("app").iter().any(|seen| seen.image == bad && seen.state == "running")
    });
    guard.kill();
    assert!(is_running(deploy));
    let killed_at = await_kind(&guarded, "taken_over");
    wait_until("the way back", BACK_WITHIN, || {
        let is_planned = guarded.journal().newest("plan_made").is_some();
        assert!(!is_planned || !is_running(deploy), "the deploy command races with the way back");
        is_planned
    });
    wait_until("the old version", BACK_WITHIN, || guarded.all_run(&good));
    assert_eq!(await_result(&guarded), "rolled_back");
    assert!(guarded.journal().newest("plan_made").unwrap().seq > killed_at.seq);
    assert_taken_over(&guarded);
    assert_switch_ends(&guarded);
}
