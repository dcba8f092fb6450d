//! The page from its top to its end, on one stack.

use super::{asked, data, deploys, stuck};
use crate::client::{ask, status};
use crate::measured::Table;
use crate::team::{Example, Team};

const EXAMPLE: Example = Example {
    folder: "heliosdb",
    ports: &["POSTGRES", "REDIS", "BI", "COMPLIANCE", "SYNC", "PROMETHEUS", "GRAFANA", "NGINX"],
    database: "heliosdb",
    good: "v7.0.0-rc1",
    version: ("BI", "/version", "version"),
    environment: "staging",
    mail: "mail.helios.example:587",
};

/// What it asks, and everything that it is told.
pub(super) const BI: &str = "conversational-bi";
/// What looks after the rules, and writes the audit log.
pub(super) const COMPLIANCE: &str = "compliance";

#[test]
fn heliosdb_page_is_done_on_its_own_stack() {
    let Some(team) = Team::open("heliosdb_page_is_done_on_its_own_stack", &EXAMPLE) else { return };
    let mut table = Table::of("heliosdb");
    team.backout(&["checkpoint", "create"]).expect_code(0);
    assert!(answers_questions(&team));

    deploys::one_that_is_slower_by_more_than_500_percent_goes_back(&team, &mut table);
    deploys::one_that_crashes_goes_back_alone(&team, &mut table);
    deploys::one_that_fails_more_than_a_quarter_goes_back(&team, &mut table);
    deploys::one_that_cannot_read_its_configuration_goes_back_with_the_file(&team, &mut table);
    deploys::each_other_bad_one_goes_back_by_its_own_trigger(&team, &mut table);
    data::a_migration_that_fails_half_way_is_undone_and_nothing_written_is_lost(&team, &mut table);
    data::rows_that_a_deploy_damaged_come_back_and_so_does_what_was_written_meanwhile(&team, &mut table);
    data::a_person_takes_the_database_back_as_the_last_resort(&team, &mut table);
    deploys::one_whose_cache_fails_stays_and_does_without(&team);
    // What was kept then still runs.
    asked::one_service_goes_back(&team, &mut table);
    asked::the_whole_stack_goes_back_in_order(&team, &mut table);
    asked::an_emergency_waits_for_nobody(&team, &mut table);
    stuck::a_way_back_that_cannot_be_gone_closes_the_site_and_calls_people(&team);
    asked::what_happened_is_written_down(&team);
    table.print_and_hold();
}

/// Whether users get an answer to a question.
pub(super) fn answers_questions(team: &Team) -> bool {
    ask(team.port("BI"), "POST", "/api/v1/query", "{}")
        .is_some_and(|(status, body)| status == 200 && body.contains("grace"))
}

/// Whether the three services say that they are healthy, and users are let in.
pub(super) fn is_well(team: &Team) -> bool {
    let health = ["BI", "COMPLIANCE", "SYNC"].into_iter().all(|name| status(team.port(name), "/health") == 200);
    health && status(team.port("NGINX"), "/bi/health") == 200
}
