//! The page from its top to its end, on one stack.

use super::{by_hand, by_itself, data, stuck};
use crate::client::{ask, status};
use crate::measured::Table;
use crate::team::{Example, Team};

const EXAMPLE: Example = Example {
    folder: "piper-morgan",
    ports: &["POSTGRES", "REDIS", "APP", "WEB", "PROMETHEUS", "GRAFANA", "CLOSED"],
    database: "piper_morgan_staging",
    good: "1",
    version: ("APP", "/health", "version"),
    environment: "staging",
    mail: "mail.piper.example:587",
};

#[test]
fn piper_morgan_page_is_done_on_its_own_stack() {
    let Some(team) = Team::open("piper_morgan_page_is_done_on_its_own_stack", &EXAMPLE) else { return };
    let mut table = Table::of("piper-morgan");
    assert!(asks(&team));
    team.backout(&["checkpoint", "create"]).expect_code(0);

    by_itself::the_first_health_check_that_fails_goes_back(&team, &mut table);
    by_itself::three_slow_answers_in_a_row_go_back(&team, &mut table);
    by_itself::more_than_one_error_in_twenty_goes_back(&team, &mut table);
    by_itself::a_deploy_that_nobody_guarded_goes_back_as_well(&team, &mut table);
    data::a_migration_that_fails_half_way_goes_back_without_the_data(&team, &mut table);
    data::answers_without_their_questions_come_back_with_what_was_asked_meanwhile(&team, &mut table);
    by_itself::one_whose_cache_fails_stays_and_the_breaker_opens(&team);
    // What was kept then still runs.
    by_hand::a_planned_rollback_is_checked_before_and_after(&team, &mut table);
    by_hand::only_the_configuration_goes_back(&team, &mut table);
    by_hand::the_whole_stack_goes_back_monitoring_among_it(&team, &mut table);
    by_hand::an_emergency_waits_for_nobody(&team, &mut table);
    stuck::a_way_back_that_cannot_be_gone_shows_the_page_and_names_the_trouble(&team);
    by_hand::what_happened_is_written_down(&team);
    table.print_and_hold();
}

/// Whether a question gets an answer.
pub(super) fn asks(team: &Team) -> bool {
    ask(team.port("APP"), "POST", "/ask", "what is there to do?").is_some_and(|(status, _)| status == 200)
}

/// Whether the application says that it is healthy, and the page in front of it is there.
pub(super) fn is_well(team: &Team) -> bool {
    let health = ["/health", "/health/mcp"].into_iter().all(|path| status(team.port("APP"), path) == 200);
    health && status(team.port("WEB"), "/") == 200
}
