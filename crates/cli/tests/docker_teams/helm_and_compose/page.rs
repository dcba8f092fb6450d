//! The page from its top to its end, on one machine with Docker Compose.

use super::{asked, data, deploys, stuck};
use crate::client::{ask, status};
use crate::measured::Table;
use crate::team::{Example, Team};

const EXAMPLE: Example = Example {
    folder: "helm-and-compose",
    ports: &["POSTGRES", "API", "WEB", "PAGE"],
    database: "app",
    good: "main-1",
    version: ("API", "/version", "version"),
    environment: "compose",
    mail: "",
};

#[test]
fn helm_and_compose_page_is_done_on_its_own_stack() {
    let Some(team) = Team::open("helm_and_compose_page_is_done_on_its_own_stack", &EXAMPLE) else { return };
    let mut table = Table::of("helm-and-compose, Compose");
    for cents in [100, 100, 250, 300, 400, 500] {
        assert_eq!(order(&team, cents), Some(201));
    }
    team.backout(&["checkpoint", "create"]).expect_code(0);

    deploys::one_whose_health_check_fails_goes_back(&team, &mut table);
    deploys::one_that_cannot_read_its_configuration_goes_back_with_the_file(&team, &mut table);
    data::a_migration_that_fails_changes_nothing(&team);
    data::a_migration_that_drops_a_column_is_undone_and_no_order_is_lost(&team, &mut table);
    data::damaged_rows_come_back_and_so_do_the_orders_placed_meanwhile(&team, &mut table);
    deploys::one_whose_database_is_away_stays_in_safe_mode(&team);
    // What was kept then still runs.
    asked::an_image_tag_is_gone_back_to(&team, &mut table);
    asked::the_whole_stack_goes_back_in_order(&team, &mut table);
    asked::an_emergency_waits_for_nobody(&team, &mut table);
    stuck::a_way_back_that_cannot_be_gone_shows_the_page_and_calls_people(&team);
    asked::what_happened_is_written_down(&team);
    table.print_and_hold();
}

/// Places an order; the status of the answer.
pub(super) fn order(team: &Team, cents: u32) -> Option<u16> {
    ask(team.port("API"), "POST", "/orders", &cents.to_string()).map(|(status, _)| status)
}

/// Whether both parts say that they are healthy.
pub(super) fn is_well(team: &Team) -> bool {
    ["API", "WEB"].into_iter().all(|name| status(team.port(name), "/health") == 200)
}
