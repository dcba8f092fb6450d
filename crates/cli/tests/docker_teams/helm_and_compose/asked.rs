//! What people ask for: an image tag, the whole stack, in a hurry; and what is written down.

use backout_testkit::docker::docker;
use backout_testkit::guarded::wait_until;
use serde_json::Value;

use super::page::is_well;
use crate::measured::{Table, What};
use crate::team::{SOON, Team, only_replaced, only_taken_back};

/// The id of the image of the good version.
fn good_image(team: &Team, part: &str) -> String {
    let name = format!("{}/{part}:main-1", team.project.name());
    docker(&["image", "inspect", "--format", "{{.Id}}", &name]).trim().to_owned()
}

/// The page's `export API_IMAGE=…:main-1`.
pub(super) fn an_image_tag_is_gone_back_to(team: &Team, table: &mut Table) {
    assert_eq!(team.version().as_deref(), Some("main-2"));
    let (since, before) = (team.journal().last(), team.seen());
    team.backout(&["rollback", "main-9", "--yes"]).expect_code(2);
    team.backout(&["rollback", "api:main-1", "--reason", "not what we wanted", "--yes"]).expect_code(0);
    let after = team.seen();
    only_replaced(&["api"], &before, &after);
    assert_eq!((&after["api"].image, team.version().as_deref()), (&good_image(team, "api"), Some("main-1")));
    assert!(team.file(".env").contains("API_TAG=main-1") && is_well(team));
    table.add(team, since, ("planned, to an image tag", What::Service));
}

pub(super) fn the_whole_stack_goes_back_in_order(team: &Team, table: &mut Table) {
    let before = team.seen();
    team.deploy(&["main-2", "web=main-2"]);
    wait_until("the new version to answer", SOON, || team.version().as_deref() == Some("main-2") && is_well(team));
    let since = team.journal().last();
    team.backout(&["rollback", "--stack", "--reason", "all of it", "--yes"]).expect_code(0);
    let after = team.seen();
    only_taken_back(&["api", "web"], &before, &after);
    assert!(after["web"].started_at > after["api"].started_at, "{after:?}");
    assert_eq!(after["web"].image, good_image(team, "web"));
    assert!(is_well(team));
    table.add(team, since, ("the whole stack", What::Stack));
}

pub(super) fn an_emergency_waits_for_nobody(team: &Team, table: &mut Table) {
    team.deploy(&["main-2"]);
    wait_until("the new version to answer", SOON, || team.version().as_deref() == Some("main-2"));
    let (since, before) = (team.journal().last(), team.seen());
    let words = ["rollback", "--emergency", "--no-observe", "--reason", "everything fails", "--yes"];
    team.backout(&words).expect_code(0);
    let after = team.seen();
    only_replaced(&["api"], &before, &after);
    assert_eq!(after["api"].image, good_image(team, "api"));
    assert!(is_well(team));
    table.add(team, since, ("an emergency", What::Emergency));
}

pub(super) fn what_happened_is_written_down(team: &Team) {
    let listed = team.backout(&["incident", "list", "--json"]).expect_code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let id = listed.pointer("/incidents/0/id").and_then(Value::as_str).unwrap_or_else(|| panic!("{listed}")).to_owned();
    let link = ["incident", "link", &id, "https://tickets.example/42", "--text", "ticket"];
    team.backout(&link).expect_code(0);
    let checked = team.backout(&["incident", "check", &id]).expect_code(0).stdout;
    for own in ["The last version that worked is known", "Health checks and smoke tests hold", "A post-mortem is held"]
    {
        assert!(checked.contains(own), "{checked}");
    }
    let page = team.backout(&["incident", "postmortem", &id]).expect_code(0).stdout;
    assert!(page.contains("https://tickets.example/42"), "{page}");
    let report = team.backout(&["report"]).expect_code(0).stdout;
    assert!(report.contains("rollback"), "{report}");
}
