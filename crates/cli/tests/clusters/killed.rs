//! Rule 7 on a cluster: a rollback is run once undisturbed to count its records, then killed at each of them.

use std::time::Duration;

use backout_testkit::guarded::wait_until;
use backout_testkit::kube::Generation;

use crate::site::Site;

#[test]
fn a_rollback_of_a_workload_killed_at_any_record_arrives_at_the_same_end_state() {
    let test = "a_rollback_of_a_workload_killed_at_any_record_arrives_at_the_same_end_state";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    killed_at_any_record(&site, &["kubectl", "set", "image", "deployment/web", "app=shop/web:2-missing"]);
}

fn killed_at_any_record(site: &Site, breaks: &[&str]) {
    let good = site.running();
    let break_it = || {
        assert!(site.clients.command(breaks[0], &breaks[1..]).output().unwrap().status.success());
    };
    break_it();
    let before = site.journal().last();
    site.backout(&["rollback", "--yes"]).expect_code(0);
    let points = site.journal().since(before).len();
    assert!(points >= 8, "a rollback has {points} records only");
    for point in 1..=points {
        break_it();
        let before = site.journal().last();
        let mut run = site.start(&["rollback", "--yes"]);
        let seq = before + i64::try_from(point).unwrap();
        assert!(site.journal().await_record(seq, || !run.is_running()), "record {point} was not reached");
        run.kill();
        let records = site.journal().since(before);
        let kind = records.last().map(|record| record.kind.clone()).unwrap_or_default();
        if kind != "run_ended" {
            wait_until("the lease of the killed process to expire", Duration::from_secs(20), || {
                let ended = site.backout(&["resume"]);
                assert!([0, 7].contains(&ended.code), "killed at record {point}, {kind}: {ended:?}");
                ended.code == 0
            });
        }
        assert_eq!(site.journal().result().as_deref(), Some("rolled_back"), "killed at record {point}, {kind}");
        assert_eq!(site.running(), good, "killed at record {point}, {kind}");
    }
}
