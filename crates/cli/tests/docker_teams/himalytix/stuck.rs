//! A way back that cannot be gone: two attempts, the maintenance page, and people.

use backout_testkit::guarded::wait_until;

use super::page::{OURS, is_reverted, is_well};
use crate::client::{ask, status};
use crate::machine::Machine;
use crate::measured::Recorded as _;
use crate::team::SOON;

/// An edit of the unit that nobody told of: with it, no version starts.
const EDIT: &str = "/run/systemd/system/gunicorn.service.d/edit.conf";
const PAGE: &str = "/var/www/maintenance/maintenance.html";

pub(super) fn a_way_back_that_cannot_be_gone_closes_the_site_and_calls_people(machine: &Machine) {
    let (since, told) = (machine.journal().last(), machine.told("chat").len());
    machine.well(&["mkdir", "-p", "/run/systemd/system/gunicorn.service.d"]);
    machine.write(EDIT, "[Service]\nExecStartPre=/bin/sh -c 'exit 1'\n");
    machine.well(&["systemctl", "daemon-reload"]);
    let ended = machine.guard("v1.5.6").expect_code(4);

    let (code, page) = ask(machine.web, "GET", "/", "").unwrap_or_else(|| panic!("{}", ended.stderr));
    assert_eq!((code, page.trim()), (503, "System maintenance in progress. Back in 30 minutes."));
    assert!(machine.has(PAGE));
    let tries = machine.journal().since(since).iter().filter(|record| record.kind == "plan_made").count();
    assert_eq!(tries, 2, "{}", ended.stderr);
    let is_called = || machine.told("chat")[told..].contains("@devops-oncall");
    wait_until("the chat to be told whom to call", SOON, is_called);
    wait_until("a letter to the CTO", SOON, || machine.told("mail").contains("cto@himalytix.com"));

    machine.well(&["rm", EDIT]);
    machine.well(&["systemctl", "daemon-reload"]);
    // systemd lets nobody start what has failed so often within seconds.
    machine.well(&[&["systemctl", "reset-failed"][..], &OURS].concat());
    machine.well(&[&["systemctl", "restart"][..], &OURS].concat());
    wait_until("it to be ready", SOON, || status(machine.web, "/health/ready/") == 200);
    is_reverted(machine, "v1.5.6");
    machine.backout(&["verify"]).expect_code(0);
    assert_eq!(status(machine.web, "/"), 503, "nobody said that users may come in again");
    machine.backout(&["maintenance", "off"]).expect_code(0);
    assert!(!machine.has(PAGE) && is_well(machine));
}
