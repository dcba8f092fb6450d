//! What goes wrong between `backout` and the API server, and what others do meanwhile.

use std::time::Duration;

use backout_kube_double::{Behaviour, Fault, FaultKind, Instruction};
use backout_testkit::guarded::wait_until;
use backout_testkit::kube::Generation;

use crate::site::{SOON, Site};

/// Breaks `web` without anybody watching.
fn breaks(site: &Site) {
    drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2-missing"]).ok());
}

/// Each fault strikes before the plan, while it is made, and while what is planned is done.
#[track_caller]
fn goes_back_through(test: &str, verb: &str, path: &str, kind: &FaultKind) {
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    let good = site.running();
    for skip in [0, 2, 5] {
        breaks(&site);
        site.double.fault(Fault::new(verb, path, 2, kind.clone()).skipping(skip));
        let ended = site.backout(&["rollback", "--yes"]).expect_code(0);
        site.double.tell(Instruction::NoFaults);
        assert_eq!(site.running(), good, "after {skip} requests: {}", ended.stderr);
    }
}

#[test]
fn a_server_that_is_busy_or_broken_for_a_moment_is_asked_again() {
    let test = "a_server_that_is_busy_or_broken_for_a_moment_is_asked_again";
    goes_back_through(test, "", "", &FaultKind::Answer { code: 429, retry_after: Some(1) });
    goes_back_through(test, "", "", &FaultKind::Answer { code: 500, retry_after: None });
}

#[test]
fn watches_that_end_or_expire_are_begun_anew() {
    let test = "watches_that_end_or_expire_are_begun_anew";
    goes_back_through(test, "watch", "", &FaultKind::EndWatch { events: 0 });
    goes_back_through(test, "watch", "", &FaultKind::ExpireWatch { events: 0 });
}

#[test]
fn somebody_who_writes_at_the_same_moment_does_not_stop_a_way_back() {
    let test = "somebody_who_writes_at_the_same_moment_does_not_stop_a_way_back";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    let good = site.running();
    breaks(&site);
    site.double.fault(Fault::new("patch", "/deployments/web", 2, FaultKind::Answer { code: 409, retry_after: None }));
    let ended = site.backout(&["rollback", "--yes"]).expect_code(0);
    assert_eq!(site.running(), good, "{}", ended.stderr);
}

#[test]
fn a_second_backout_is_told_who_holds_the_environment() {
    let test = "a_second_backout_is_told_who_holds_the_environment";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    let first = site.start(&["guard", "--", "kubectl", "set", "image", "deployment/web", "app=shop/web:2"]);
    wait_until("the deploy to be watched", SOON, || site.journal().newest("after_seen").is_some());
    let pid = first.pid();
    let second = site.backout(&["rollback", "--yes"]).expect_code(7);
    assert!(second.stderr.contains(&format!("process {pid}")), "{}", second.stderr);
    first.wait().expect_code(0);
}

/// Nobody answers for ten seconds, and what is seen then is bad.
#[test]
fn a_server_that_is_away_for_ten_seconds_does_not_stop_a_guard() {
    let test = "a_server_that_is_away_for_ten_seconds_does_not_stop_a_guard";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    let good = site.running();
    site.watches_for("20s");
    let deploy = "kubectl set image deployment/web app=shop/web:2 && kubectl rollout status deployment/web";
    let guard = site.start(&["guard", "--", "sh", "-c", deploy]);
    wait_until("the deploy to be watched", SOON, || site.journal().newest("after_seen").is_some());
    site.double.become_behaviour("default", "web", Behaviour::Crash);
    site.double.away(Duration::from_secs(10));
    let ended = guard.wait();
    site.went_back(&ended);
    assert_eq!(site.running(), good, "{}", ended.stderr);
}
