//! Deploys that go bad, and one beside which something else does.

use backout_testkit::docker::docker;
use backout_testkit::guarded::wait_until;

use super::page::{is_well, order};
use crate::measured::{Table, What};
use crate::team::{SOON, Team, only_taken_back};

pub(super) fn one_whose_health_check_fails_goes_back(team: &Team, table: &mut Table) {
    let (since, before, env) = (team.journal().last(), team.seen(), team.file(".env"));
    team.guard(&["main-errors"]).expect_code(3);
    only_taken_back(&["api"], &before, &team.seen());
    assert_eq!((team.file(".env"), team.version().as_deref()), (env, Some("main-1")));
    assert!(is_well(team));
    table.add(team, since, ("a health check that fails", What::Service));
    wait_until("a word in the chat", SOON, || team.chat.received().iter().any(|it| it.body.contains("rolled back")));
}

pub(super) fn one_that_cannot_read_its_configuration_goes_back_with_the_file(team: &Team, table: &mut Table) {
    let (since, before, file) = (team.journal().last(), team.seen(), team.file("web.toml"));
    team.guard(&["main-2", "web=main-2", "config"]).expect_code(3);
    only_taken_back(&["api", "web"], &before, &team.seen());
    assert_eq!(team.file("web.toml"), file);
    assert!(is_well(team));
    table.add(team, since, ("a configuration that nobody can read", What::Service));
}

/// PostgreSQL goes away while a good deploy is watched: that is not the deploy's doing.
pub(super) fn one_whose_database_is_away_stays_in_safe_mode(team: &Team) {
    let (since, before) = (team.journal().last(), team.seen());
    let guard = team.start_guard(&["--soak", "10s"], &["main-2"]);
    let _ = team.await_record(since, "after_seen");
    let _ = docker(&["stop", &before["postgres"].id]);
    wait_until("the flag to be set", SOON, || team.has("flags/safe-mode"));
    wait_until("the API to do without its database", SOON, || is_well(team));
    guard.wait().expect_code(0);
    let after = team.seen();
    assert_eq!(team.version().as_deref(), Some("main-2"));
    assert!(after["api"].image != before["api"].image && !after["postgres"].is_running, "{after:?}");

    let _ = docker(&["start", &before["postgres"].id]);
    team.backout(&["fallback", "off"]).expect_code(0);
    assert!(!team.has("flags/safe-mode"));
    wait_until("orders to be taken again", SOON, || order(team, 700) == Some(201));
}
