//! What people ask for: planned, only the configuration, everything, in a hurry; and what is written down.

use backout_testkit::docker::docker;
use backout_testkit::guarded::wait_until;
use serde_json::Value;

use super::page::{asks, is_well};
use crate::measured::{Table, What};
use crate::team::{SOON, Team, only_replaced, only_taken_back};

const APP: &str = "app";

/// The id of the image of the good version.
fn good_image(team: &Team) -> String {
    docker(&["image", "inspect", "--format", "{{.Id}}", &format!("{}/app:1", team.project.name())]).trim().to_owned()
}

pub(super) fn a_planned_rollback_is_checked_before_and_after(team: &Team, table: &mut Table) {
    assert_eq!(team.version().as_deref(), Some("2"));
    let (before, newest) = (team.seen(), team.newest_restore_point());
    team.backout(&["verify"]).expect_code(0);
    team.backout(&["backup", "create"]).expect_code(0);
    assert_ne!(team.newest_restore_point(), newest);
    let since = team.journal().last();
    team.backout(&["rollback", "--reason", "not what we wanted", "--yes"]).expect_code(0);
    team.backout(&["verify"]).expect_code(0);
    let after = team.seen();
    assert_eq!((&after[APP].image, &after["web"].image), (&good_image(team), &good_image(team)));
    for name in ["postgres", "redis", "prometheus", "grafana"] {
        assert_eq!(after[name].id, before[name].id, "`{name}`");
    }
    assert!(is_well(team) && asks(team));
    table.add(team, since, ("planned", What::Stack));
}

pub(super) fn only_the_configuration_goes_back(team: &Team, table: &mut Table) {
    let (before, files) = (team.seen(), ["config/piper.json", "docker-compose.yml"].map(|name| team.file(name)));
    team.project.write("config/piper.json", "{ \"model\": \"another\" }\n");
    team.project.write("docker-compose.yml", &files[1].replace("stop_grace_period: 5s", "stop_grace_period: 7s"));
    let since = team.journal().last();
    team.backout(&["rollback", "--config-files", "--reason", "the other model", "--yes"]).expect_code(0);
    assert_eq!(["config/piper.json", "docker-compose.yml"].map(|name| team.file(name)), files);
    only_taken_back(&[APP], &before, &team.seen());
    assert!(is_well(team));
    table.add(team, since, ("only the configuration", What::Service));
}

pub(super) fn the_whole_stack_goes_back_monitoring_among_it(team: &Team, table: &mut Table) {
    let before = team.seen();
    team.deploy(&["2", APP, "web", "grafana"]);
    wait_until("the new version to answer", SOON, || team.version().as_deref() == Some("2"));
    let since = team.journal().last();
    team.backout(&["rollback", "--stack", "--reason", "all of it", "--yes"]).expect_code(0);
    let after = team.seen();
    only_taken_back(&[APP, "web", "grafana"], &before, &after);
    assert!(after["web"].started_at > after[APP].started_at, "{after:?}");
    assert!(is_well(team) && asks(team));
    table.add(team, since, ("the whole stack", What::Stack));
}

pub(super) fn an_emergency_waits_for_nobody(team: &Team, table: &mut Table) {
    team.deploy(&["2", APP, "APP_MODE=stubborn"]);
    wait_until("the new version to answer", SOON, || team.version().as_deref() == Some("2"));
    let (since, before) = (team.journal().last(), team.seen());
    let words = ["rollback", "--emergency", "--no-observe", "--reason", "nothing answers", "--yes"];
    team.backout(&words).expect_code(0);
    let after = team.seen();
    assert_eq!(after[APP].image, good_image(team));
    only_replaced(&[APP], &before, &after);
    assert!(is_well(team));
    table.add(team, since, ("an emergency", What::Emergency));
    // Nobody was at a terminal; somebody has looked by now.
    team.backout(&["verify", "--answer", "eyes=yes"]).expect_code(0);
}

pub(super) fn what_happened_is_written_down(team: &Team) {
    let listed = team.backout(&["incident", "list", "--json"]).expect_code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let id = listed.pointer("/incidents/0/id").and_then(Value::as_str).unwrap_or_else(|| panic!("{listed}")).to_owned();
    let note = ["incident", "note", &id, "the new model needs twice the memory", "--as", "cause"];
    team.backout(&note).expect_code(0);
    let page = team.backout(&["incident", "postmortem", &id, "--template", "report.md"]).expect_code(0).stdout;
    for heading in ["Date", "Trigger", "Reason", "Rollback time", "Recovery time", "Services affected", "Root cause"] {
        assert!(page.contains(&format!("**{heading}**: ")), "{heading}: {page}");
    }
    assert!(page.contains("the new model needs twice the memory"), "{page}");
    team.backout(&["status", "--markdown", "--out", "status.md"]).expect_code(0);
    let status = team.file("status.md");
    assert!(team.seen().keys().all(|name| name == "closed" || status.contains(name.as_str())), "{status}");
    let report = team.backout(&["report"]).expect_code(0).stdout;
    assert!(report.contains("rollback"), "{report}");
}
