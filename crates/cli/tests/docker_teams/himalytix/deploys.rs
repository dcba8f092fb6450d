//! Deploys that go bad, and one beside which something else does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backout_testkit::guarded::wait_until;

use super::page::{ENTRIES, is_reverted, is_well, others};
use crate::client::status;
use crate::machine::Machine;
use crate::measured::{Recorded as _, Table, What};
use crate::team::SOON;

const SETTINGS: &str = "/etc/himalytix/erp.env";
const WITHOUT_REDIS: &str = "/etc/himalytix/without-redis";

/// The first verdict is by that trigger.
#[track_caller]
fn fired(machine: &Machine, since: i64, trigger: &str) {
    let judged = machine.journal().since(since).into_iter().find(|record| record.kind == "judged").unwrap();
    assert_eq!(judged.text("/judgement/fired/trigger"), Some(trigger), "{}", judged.body);
}

pub(super) fn one_that_crashes_is_undone_by_a_revert(machine: &Machine, table: &mut Table) {
    let (since, before) = (machine.journal().last(), others(machine));
    machine.guard("v1.5.3-crash").expect_code(3);
    is_reverted(machine, "v1.5.3-crash");
    assert_eq!(others(machine), before);
    assert!(is_well(machine));
    table.add(machine, since, ("a version that crashes", What::Service));
    wait_until("a word in the chat", SOON, || machine.told("chat").contains("rolled back"));
}

pub(super) fn one_that_fails_one_request_in_five_goes_back(machine: &Machine, table: &mut Table) {
    let (since, before) = (machine.journal().last(), others(machine));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let _ = status(machine.web, ENTRIES);
                std::thread::sleep(Duration::from_millis(15));
            }
        });
        // The rate looks back; it has the time of the observation to come down.
        let deploy = ["./deploy.sh", "v1.5.3-errors"];
        let ended = machine.start_guard(&["--soak", "60s"], &deploy, &[("OBSERVE", "8s")]).wait();
        is_over.store(true, Ordering::SeqCst);
        ended.expect_code(3);
    });
    fired(machine, since, "error_rate");
    is_reverted(machine, "v1.5.3-errors");
    assert_eq!(others(machine), before);
    assert!((0..20).all(|_| status(machine.web, ENTRIES) == 200));
    table.add(machine, since, ("more than 5 % errors, twice in a row", What::Service));
}

pub(super) fn a_setting_that_is_wrong_goes_back_alone(machine: &Machine, table: &mut Table) {
    let (since, settings, commit) =
        (machine.journal().last(), machine.file(SETTINGS), machine.git(&["rev-parse", "HEAD"]));
    let configure = ["./configure.sh", "REDIS_URL=redis://:changeme@127.0.0.1:1/0"];
    machine.start_guard(&[], &configure, &[]).wait().expect_code(3);
    fired(machine, since, "unready");
    assert_eq!((machine.file(SETTINGS), machine.git(&["rev-parse", "HEAD"])), (settings, commit));
    assert!(is_well(machine));
    table.add(machine, since, ("a setting that is wrong", What::Service));
}

/// Redis goes away while a good deploy is watched: that is not the deploy's doing.
pub(super) fn one_whose_redis_fails_stays_and_does_without(machine: &Machine) {
    let since = machine.journal().last();
    let guard = machine.start_guard(&["--soak", "8s"], &["./deploy.sh", "v1.5.4"], &[]);
    let _ = machine.await_record(since, "after_seen");
    machine.well(&["systemctl", "stop", "redis-server.service"]);
    wait_until("it to do without", SOON, || machine.has(WITHOUT_REDIS));
    wait_until("entries to be listed without Redis", SOON, || status(machine.web, ENTRIES) == 200);
    guard.wait().expect_code(0);

    assert_eq!(machine.version().as_deref(), Some("v1.5.4"));
    assert_eq!(machine.property("redis-server.service", "ActiveState"), "inactive");
    machine.well(&["systemctl", "start", "redis-server.service"]);
    machine.backout(&["fallback", "off"]).expect_code(0);
    assert!(!machine.has(WITHOUT_REDIS));
    wait_until("it to be ready with Redis", SOON, || status(machine.web, "/health/ready/") == 200);
}
