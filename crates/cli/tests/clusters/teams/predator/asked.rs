//! What people ask for: a revision; and what is written down.

use backout_testkit::guarded::wait_until;
use backout_testkit::measured::{Recorded as _, Table, What};
use serde_json::Value;

use super::stage::Predator;
use crate::site::SOON;

/// `helm rollback predator 42` of the page, with all that it leaves to people.
pub(super) fn a_revision_is_gone_back_to(predator: &Predator, table: &mut Table) {
    let team = &predator.team;
    assert_eq!(predator.version().as_deref(), Some("1.5.0"));
    team.backout(&["rollback", "99", "--yes"]).expect_code(2);
    let since = team.journal().last();
    let revision = (team.released("predator").0 - 1).to_string();
    let plan = team.backout(&["plan", &revision]).expect_code(0);
    assert!(plan.stdout.contains(&format!("of revision {revision} then")), "{}", plan.stdout);
    team.backout(&["rollback", &revision, "--reason", "not what we wanted", "--yes"]).expect_code(0);
    let (_, status, manifest) = team.released("predator");
    assert_eq!(status, "deployed");
    assert!(manifest.contains("predator/backend:1.4.2") && !manifest.contains("1.5.0"), "{manifest}");
    assert_eq!(predator.version().as_deref(), Some("1.4.2"));
    let _ = predator.running();
    assert!(predator.is_well());
    table.add(team, since, ("planned, to a revision", What::Stack));
}

pub(super) fn what_happened_is_written_down(predator: &Predator) {
    let team = &predator.team;
    let listed = team.backout(&["incident", "list", "--json"]).expect_code(0);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    // The one that began first is that of the version that was slower.
    let first = listed["incidents"].as_array().and_then(|all| all.last()).and_then(|it| it["id"].as_str());
    let id = first.unwrap_or_else(|| panic!("{listed:#}")).to_owned();
    for words in [&["role", &id, "lead", "anna"][..], &["note", &id, "one question for each row", "--as", "cause"]] {
        team.backout(&[&["incident"], words].concat()).expect_code(0);
    }
    let checked = team.backout(&["incident", "check", &id]).expect_code(0).stdout;
    for own in ["Dashboards and alerts show what they showed before", "The next deploy is planned"] {
        assert!(checked.contains(own), "{checked}");
    }
    let page = team.backout(&["incident", "postmortem", &id]).expect_code(0).stdout;
    assert!(page.contains("one question for each row") && page.contains("anna"), "{page}");
    let draft = team.clients.folder().join("postmortems");
    wait_until("a post-mortem to be begun", SOON, || draft.read_dir().is_ok_and(|mut files| files.next().is_some()));
    let report = team.backout(&["report"]).expect_code(0).stdout;
    assert!(report.contains("rollback"), "{report}");
}
