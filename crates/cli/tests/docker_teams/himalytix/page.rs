//! The page from its top to its end, on one machine.

use super::{asked, data, deploys, stuck};
use crate::client::{ask, status};
use crate::machine::Machine;
use crate::measured::Table;

/// What everything goes back to.
pub(super) const GOOD: &str = "v1.5.2";
/// Where entries are listed and posted.
pub(super) const ENTRIES: &str = "/api/v1/entries/";
/// The units that a deploy restarts, and those that it has no business with.
pub(super) const OURS: [&str; 3] = ["gunicorn.service", "celery.service", "celery-beat.service"];
const OTHERS: [&str; 4] = ["postgresql.service", "redis-server.service", "nginx.service", "prometheus.service"];

#[test]
fn himalytix_page_is_done_on_its_own_stack() {
    let Some(machine) = Machine::start("himalytix_page_is_done_on_its_own_stack") else { return };
    let mut table = Table::of("himalytix");
    (0..4).for_each(|number| assert_eq!(post(&machine, &format!("first {number}")), Some(201)));
    machine.backout(&["checkpoint", "create"]).expect_code(0);
    assert!(is_well(&machine));

    deploys::one_that_crashes_is_undone_by_a_revert(&machine, &mut table);
    deploys::one_that_fails_one_request_in_five_goes_back(&machine, &mut table);
    deploys::a_setting_that_is_wrong_goes_back_alone(&machine, &mut table);
    data::a_migration_that_fails_half_way_goes_back_without_the_data(&machine, &mut table);
    data::a_migration_is_undone_when_a_person_agrees_and_what_it_brought_is_kept(&machine, &mut table);
    data::damaged_entries_come_back_from_an_encrypted_dump_and_so_does_what_was_posted_since(&machine, &mut table);
    deploys::one_whose_redis_fails_stays_and_does_without(&machine);
    // What was kept then still runs.
    asked::a_planned_rollback_empties_the_cache(&machine, &mut table);
    asked::the_whole_stack_goes_back_in_order(&machine, &mut table);
    asked::an_emergency_waits_for_nobody(&machine, &mut table);
    asked::the_decision_tree_says_when_not_to_go_back(&machine);
    stuck::a_way_back_that_cannot_be_gone_closes_the_site_and_calls_people(&machine);
    asked::what_happened_is_written_down(&machine);
    table.print_and_hold();
}

/// Posts an entry whose debit is its credit; the status.
pub(super) fn post(machine: &Machine, memo: &str) -> Option<u16> {
    let body = serde_json::json!({"debit": 100, "credit": 100, "memo": memo}).to_string();
    ask(machine.web, "POST", ENTRIES, &body).map(|(status, _)| status)
}

/// Whether the good version says that it is ready, and users get what they ask for.
pub(super) fn is_well(machine: &Machine) -> bool {
    machine.version().as_deref() == Some(GOOD)
        && ["/health/ready/", ENTRIES, "/accounts/login/"].iter().all(|path| status(machine.web, path) == 200)
}

/// The processes of the units that no deploy of the ERP touches.
pub(super) fn others(machine: &Machine) -> [String; 4] {
    OTHERS.map(|unit| machine.property(unit, "MainPID"))
}

/// The work tree is on its branch and holds the good version, and what is bad is still in its history: commits were undone by new
/// ones. All units run what is there.
#[track_caller]
pub(super) fn is_reverted(machine: &Machine, bad: &str) {
    assert_eq!(machine.git(&["symbolic-ref", "--short", "HEAD"]), "main");
    assert_eq!(machine.git(&["diff", "--name-only", GOOD, "HEAD"]), "");
    assert_eq!(machine.git(&["status", "--porcelain", "--untracked-files=no"]), "");
    machine.git(&["merge-base", "--is-ancestor", bad, "HEAD"]);
    assert!(machine.git(&["log", "-1", "--format=%s"]).starts_with("Revert "));
    for unit in OURS {
        assert_eq!(machine.property(unit, "ActiveState"), "active", "{unit}");
    }
}
