//! What people ask for: planned, everything, in a hurry; when it says no; and what is written down.

use backout_testkit::guarded::wait_until;
use serde_json::Value;

use super::page::{ENTRIES, GOOD, OURS, is_reverted, is_well, others, post};
use crate::client::{ask, status};
use crate::machine::Machine;
use crate::measured::{Recorded as _, Table, What};
use crate::team::SOON;

const SITE: &str = "/etc/nginx/conf.d/himalytix.conf";
const SCRAPED: &str = "/etc/prometheus/prometheus.yml";

/// Whether an entry is in the list that users get, which may be a cached one.
fn is_listed(machine: &Machine, memo: &str) -> bool {
    ask(machine.web, "GET", ENTRIES, "").is_some_and(|(_, body)| body.contains(memo))
}

pub(super) fn a_planned_rollback_empties_the_cache(machine: &Machine, table: &mut Table) {
    assert_eq!(machine.version().as_deref(), Some("v1.5.4"));
    let before = others(machine);
    assert!(!is_listed(machine, "behind the cache"));
    assert_eq!(post(machine, "behind the cache"), Some(201));
    assert!(!is_listed(machine, "behind the cache"), "nothing was cached, so nothing is shown");
    let since = machine.journal().last();
    machine.backout(&["rollback", GOOD, "--reason", "not what we wanted", "--yes"]).expect_code(0);
    is_reverted(machine, "v1.5.4");
    assert_eq!(others(machine), before);
    assert!(is_well(machine) && is_listed(machine, "behind the cache"));
    table.add(machine, since, ("planned", What::Service));
}

pub(super) fn the_whole_stack_goes_back_in_order(machine: &Machine, table: &mut Table) {
    let files = [SITE, SCRAPED].map(|path| machine.file(path));
    machine.write(SITE, &format!("{}# of v1.5.5\n", files[0]));
    machine.write(SCRAPED, &files[1].replace("1s", "5s"));
    machine.well(&["systemctl", "restart", "nginx.service", "prometheus.service"]);
    machine.deploy("v1.5.5");
    wait_until("the new version to answer", SOON, || machine.version().as_deref() == Some("v1.5.5"));
    let [postgres, redis, ..] = others(machine);
    let since = machine.journal().last();
    machine.backout(&["rollback", "--stack", "--reason", "all of it", "--yes"]).expect_code(0);

    is_reverted(machine, "v1.5.5");
    assert_eq!([SITE, SCRAPED].map(|path| machine.file(path)), files);
    let after = others(machine);
    assert_eq!(after[..2], [postgres, redis]);
    let started = |unit: &str| machine.property(unit, "ExecMainStartTimestampMonotonic").parse::<u64>().unwrap();
    for unit in OURS {
        assert!(started("nginx.service") > started(unit), "nginx before `{unit}`");
    }
    assert!(is_well(machine));
    table.add(machine, since, ("the whole stack, by a person", What::Stack));
}

pub(super) fn an_emergency_waits_for_nobody(machine: &Machine, table: &mut Table) {
    machine.deploy("v1.5.3-stuck");
    wait_until("nothing to be answered", SOON, || status(machine.web, ENTRIES) == 503);
    let since = machine.journal().last();
    let words = ["rollback", "--emergency", "--no-observe", "--reason", "nothing answers", "--yes"];
    machine.backout(&words).expect_code(0);
    is_reverted(machine, "v1.5.3-stuck");
    assert!(is_well(machine));
    table.add(machine, since, ("an emergency", What::Emergency));
}

/// The page's tree, leaf by leaf; nothing is done about any of it.
pub(super) fn the_decision_tree_says_when_not_to_go_back(machine: &Machine) {
    let since = machine.journal().last();
    for (said, choice) in [
        ("--severity P1", "roll_back"),
        ("--severity P1 --tag fix_within=5m", "fix_forward"),
        ("--severity P2", "fix_forward"),
        ("--tag vip=true", "roll_back"),
        ("--tag impact=configuration", "fix_forward"),
        ("--tag impact=critical_function --tag tenants_affected=1 --tag vip=false", "fix_forward"),
        ("--tag impact=data_loss", "roll_back"),
    ] {
        let words: Vec<&str> = "decide --json".split(' ').chain(said.split(' ')).collect();
        let told = machine.backout(&words).expect_code(0).stdout;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["decision"]["choice"], choice, "{said}: {told:#}");
    }
    assert_eq!(machine.journal().last(), since);
    assert_eq!(machine.version().as_deref(), Some(GOOD));
}

pub(super) fn what_happened_is_written_down(machine: &Machine) {
    machine.backout(&["verify", "--answer", "login=yes"]).expect_code(0);
    let listed = machine.backout(&["incident", "list", "--json"]).expect_code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let id = listed.pointer("/incidents/0/id").and_then(Value::as_str).unwrap_or_else(|| panic!("{listed}")).to_owned();
    machine.backout(&["incident", "check", &id, "vendor-database"]).expect_code(0);
    machine.backout(&["incident", "note", &id, "the unit was edited by hand", "--as", "cause"]).expect_code(0);
    let page = machine.backout(&["incident", "postmortem", &id]).expect_code(0).stdout;
    assert!(page.contains("the unit was edited by hand"), "{page}");
    let report = machine.backout(&["report"]).expect_code(0).stdout;
    assert!(report.contains("rollback"), "{report}");
}
