//! What people ask for: one service, the whole stack, in a hurry; and what is written down.

use backout_testkit::guarded::wait_until;
use serde_json::Value;

use super::page::{BI, answers_questions, is_well};
use crate::client::ask;
use crate::measured::{Table, What};
use crate::team::{SOON, Team, only_replaced};

/// What the services run now is what they shall run again.
const THREE: [&str; 3] = [BI, "compliance", "embedded-cloud-sync"];

/// The id of the image of the good version.
fn good_image(team: &Team) -> String {
    let name = format!("{}/{BI}:v7.0.0-rc1", team.project.name());
    backout_testkit::docker::docker(&["image", "inspect", "--format", "{{.Id}}", &name]).trim().to_owned()
}

pub(super) fn one_service_goes_back(team: &Team, table: &mut Table) {
    assert_eq!(team.version().as_deref(), Some("v7.0.0"));
    let (since, before) = (team.journal().last(), team.seen());
    team.backout(&["rollback", "--service", BI, "--reason", "slow since noon", "--yes"]).expect_code(0);
    let after = team.seen();
    assert_eq!((team.version().as_deref(), &after[BI].image), (Some("v7.0.0-rc1"), &good_image(team)));
    for (name, was) in before.iter().filter(|(name, _)| *name != BI) {
        assert_eq!(after[name].id, was.id, "`{name}`");
    }
    table.add(team, since, ("one service, by a person", What::Service));
}

pub(super) fn the_whole_stack_goes_back_in_order(team: &Team, table: &mut Table) {
    let (before, nginx) = (team.seen(), team.file("nginx/nginx.conf"));
    team.project.write("nginx/nginx.conf", &format!("{nginx}# of version 7.0.0\n"));
    team.deploy(&["v7.0.0"]);
    let _ = team.project.compose(&["restart", "nginx"]);
    wait_until("the new version to answer", SOON, || team.version().as_deref() == Some("v7.0.0"));
    let since = team.journal().last();
    team.backout(&["rollback", "--stack", "--reason", "phase 1 is put off", "--yes"]).expect_code(0);

    let after = team.seen();
    for name in THREE {
        assert_eq!(after[name].image, good_image(team), "`{name}`");
        assert!(after["nginx"].started_at > after[name].started_at, "nginx before `{name}`: {after:?}");
    }
    for name in ["postgres", "redis", "prometheus", "grafana"] {
        assert_eq!(after[name], before[name]);
    }
    assert_eq!(team.file("nginx/nginx.conf"), nginx);
    assert!(is_well(team) && answers_questions(team));
    wait_until("Prometheus to see all three", SOON, || targets_up(team) == 3);
    table.add(team, since, ("the whole stack, by a person", What::Stack));
}

fn targets_up(team: &Team) -> usize {
    let (_, body) = ask(team.port("PROMETHEUS"), "GET", "/api/v1/query?query=up%20%3D%3D%201", "").unwrap();
    let told: Value = serde_json::from_str(&body).unwrap();
    told.pointer("/data/result").and_then(Value::as_array).map_or(0, Vec::len)
}

pub(super) fn an_emergency_waits_for_nobody(team: &Team, table: &mut Table) {
    team.deploy(&["v7.0.0", BI, "BI_MODE=stubborn"]);
    wait_until("the new version to answer", SOON, || team.version().as_deref() == Some("v7.0.0"));
    let (since, before) = (team.journal().last(), team.seen());
    team.backout(&["rollback", "--emergency", "--reason", "nothing answers", "--yes"]).expect_code(0);
    let after = team.seen();
    assert_eq!(after[BI].image, good_image(team));
    only_replaced(&[BI], &before, &after);
    assert!(is_well(team));
    table.add(team, since, ("an emergency", What::Emergency));
}

pub(super) fn what_happened_is_written_down(team: &Team) {
    let listed = team.backout(&["incident", "list", "--json"]).expect_code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let id = listed.pointer("/incidents/0/id").and_then(Value::as_str).unwrap_or_else(|| panic!("{listed}")).to_owned();
    for words in [&["note", &id, "a null in the model's name", "--as", "cause"][..], &["role", &id, "lead", "anna"]] {
        team.backout(&[&["incident"], words].concat()).expect_code(0);
    }
    let page = team.backout(&["incident", "postmortem", &id, "--template", "postmortem.md"]).expect_code(0).stdout;
    for heading in ["Summary", "Timeline", "Root cause", "Impact", "Resolution", "Action items", "Lessons learned"] {
        assert!(page.contains(&format!("\n## {heading}\n")), "{heading}: {page}");
    }
    assert!(page.contains("**Incident commander**: anna") && page.contains("a null in the model's name"), "{page}");
    let checked = team.backout(&["incident", "check", &id]).expect_code(0).stdout;
    assert!(checked.contains("The ticket says how it ended"), "{checked}");
    let report = team.backout(&["report"]).expect_code(0).stdout;
    assert!(report.contains("rollback"), "{report}");
}
