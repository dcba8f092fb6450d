//! Releases that go bad, and what people ask for.

use backout_testkit::guarded::wait_until;
use backout_testkit::measured::{Recorded as _, Table, What};

use super::page::{is_well, order, running, version};
use crate::site::SOON;
use crate::teams::team::Team;

/// Guards a deploy that must go back, and asserts that Helm, the pods and users agree that it has.
#[track_caller]
fn goes_back(team: &Team, tag: &str) {
    let (good, (revision, _, manifest)) = (running(team), team.released("app"));
    let ended = team.backout(&["guard", "--", "./deploy.sh", tag]);
    assert_eq!(ended.code, 3, "{tag}: {}{}", ended.stdout, ended.stderr);
    assert_eq!(running(team), good, "{tag}: {}", ended.stderr);
    let (newest, status, now) = team.released("app");
    assert_eq!((status.as_str(), now), ("deployed", manifest), "{tag}: {}", ended.stderr);
    assert!(newest > revision);
    assert_eq!(version(team).as_deref(), Some("main-1"));
    assert!(is_well(team));
}

pub(super) fn one_whose_image_is_missing_goes_back(team: &Team, table: &mut Table) {
    let since = team.journal().last();
    goes_back(team, "main-missing");
    table.add(team, since, ("an image that is not there", What::Service));
    wait_until("a word in the chat", SOON, || team.told.has_said("rolled back"));
}

pub(super) fn one_that_crashes_goes_back(team: &Team, table: &mut Table) {
    let since = team.journal().last();
    goes_back(team, "main-crash");
    table.add(team, since, ("pods that crash", What::Service));
}

pub(super) fn damaged_rows_come_back_with_the_release(team: &Team, table: &mut Table) {
    let (since, databases) = (team.journal().last(), team.database.databases());
    let ids = || ["deployment/app-api", "service/app-api", "configmap/app"].map(|it| team.stands(it, ".metadata.uid"));
    let (had, negative) = (ids(), "SELECT count(*)::text FROM orders WHERE cents < 0");
    goes_back(team, "main-negative");
    assert_eq!(
        (ids(), team.database.rows(negative)),
        (had, vec!["0".to_owned()]),
        "nothing of the release was taken away"
    );
    let aside: Vec<String> = team.database.databases().into_iter().filter(|name| !databases.contains(name)).collect();
    let [aside] = aside.as_slice() else { panic!("{aside:?}") };
    assert_eq!(team.database.asked(aside, negative), Some(vec!["5".to_owned()]));
    assert_eq!(order(team, 600), Some(201));
    table.add(team, since, ("damaged rows, with the release", What::Database));
}

/// `helm rollback app 1` of the page, with all that it leaves to people.
pub(super) fn a_revision_is_gone_back_to(team: &Team, table: &mut Table) {
    let good = running(team);
    team.deploy(&["main-2", "web=main-2"]);
    wait_until("the new version to answer", SOON, || version(team).as_deref() == Some("main-2"));
    team.backout(&["rollback", "99", "--yes"]).expect_code(2);
    let since = team.journal().last();
    team.backout(&["rollback", "1", "--reason", "not what we wanted", "--yes"]).expect_code(0);
    assert_eq!((running(team), team.released("app").1.as_str()), (good, "deployed"));
    assert!(is_well(team) && version(team).as_deref() == Some("main-1"));
    table.add(team, since, ("planned, to a revision", What::Stack));
}

pub(super) fn an_emergency_waits_for_nobody(team: &Team, table: &mut Table) {
    let good = running(team);
    team.deploy(&["main-2"]);
    wait_until("the new version to answer", SOON, || version(team).as_deref() == Some("main-2"));
    let since = team.journal().last();
    let words = ["rollback", "--emergency", "--no-observe", "--reason", "everything fails", "--yes"];
    team.backout(&words).expect_code(0);
    assert_eq!(running(team), good);
    assert!(is_well(team) && version(team).as_deref() == Some("main-1"));
    table.add(team, since, ("an emergency", What::Emergency));
}
