//! The page from its top to its end, with Helm, on one cluster.

use backout_testkit::client::{ask, status};
use backout_testkit::guarded::wait_until;
use backout_testkit::kube::Generation;
use backout_testkit::measured::Table;

use super::{release, stuck};
use crate::site::SOON;
use crate::teams::team::{Example, Team};

const EXAMPLE: Example = Example {
    folder: "helm-and-compose",
    namespace: "staging",
    program: ("backout-example/", "app/app.py"),
    database: "app",
    services: &[("API_URL", "app-api"), ("WEB_URL", "app-web")],
    asked: "/health",
};

#[test]
fn helm_and_compose_page_is_done_on_its_own_stack() {
    let Some(team) = opened("helm_and_compose_page_is_done_on_its_own_stack") else { return };
    let mut table = Table::of("helm-and-compose, Helm");
    release::one_whose_image_is_missing_goes_back(&team, &mut table);
    release::one_that_crashes_goes_back(&team, &mut table);
    release::damaged_rows_come_back_with_the_release(&team, &mut table);
    release::a_revision_is_gone_back_to(&team, &mut table);
    release::an_emergency_waits_for_nobody(&team, &mut table);
    stuck::a_way_back_that_cannot_be_gone_leads_users_elsewhere_and_calls_people(&team);
    table.print_and_hold();
}

/// The release, up and recorded as good, with users and six orders.
fn opened(test: &str) -> Option<Team> {
    let mut team = Team::open(test, Generation::Helm3, (&EXAMPLE, "staging"))?;
    // The configuration leaves the pager's address to its service.
    let config = std::fs::read_to_string(team.clients.folder().join("backout.yaml")).unwrap();
    let pager = format!("PAGERDUTY_ROUTING_KEY\", server: \"{}\"", team.told.pager.url(""));
    team.clients.write("backout.yaml", &config.replace("PAGERDUTY_ROUTING_KEY\"", &pager));
    let url = format!("--from-literal=DATABASE_URL={}", team.database.url());
    team.kubectl(&["create", "secret", "generic", "database", &url]);
    team.kubectl(&["create", "configmap", "app-flags", "--from-literal=safe-mode=off"]);
    team.deploy(&["main-1"]);
    wait_until("both parts to be well", SOON, || is_well(&team) && version(&team).as_deref() == Some("main-1"));
    for cents in [100, 100, 250, 300, 400, 500] {
        assert_eq!(order(&team, cents), Some(201));
    }
    team.welcome();
    team.backout(&["checkpoint", "create"]).expect_code(0);
    Some(team)
}

/// The version that the API says it is.
pub(super) fn version(team: &Team) -> Option<String> {
    team.says("/version", "version")
}

/// Places an order; the status of the answer.
pub(super) fn order(team: &Team, cents: u32) -> Option<u16> {
    ask(team.port("API_URL"), "POST", "/orders", &cents.to_string()).map(|(status, _)| status)
}

/// Whether both parts say that they are healthy.
pub(super) fn is_well(team: &Team) -> bool {
    ["API_URL", "WEB_URL"].into_iter().all(|name| status(team.port(name), "/health") == 200)
}

/// What runs of both parts, by digest.
#[track_caller]
pub(super) fn running(team: &Team) -> [Vec<String>; 2] {
    ["app-api", "app-web"].map(|name| {
        let running = team.running(name);
        assert_eq!(running.len(), 2, "`{name}`: {running:?}");
        running
    })
}
