//! A way back that cannot be gone: a Service that leads elsewhere, and people.

use backout_kube_double::Behaviour;
use backout_testkit::client::ask;
use backout_testkit::guarded::wait_until;
use backout_testkit::measured::Recorded as _;

use super::page::{is_well, running, version};
use crate::site::SOON;
use crate::teams::team::Team;

pub(super) fn a_way_back_that_cannot_be_gone_leads_users_elsewhere_and_calls_people(team: &Team) {
    let (since, alerts) = (team.journal().last(), team.told.alerts());
    let guard = team.start(&["guard", "--soak", "40s", "--", "./deploy.sh", "main-dies"], &[]);
    team.await_record(since, "after_seen");
    // Every pod is of the new version by now; of the old one none can be started.
    team.double.image("backout-example/api:main-1", Behaviour::Missing);
    dying(team, "on");
    team.await_record(since, "decided");
    // A try that fails is undone, and what is undone has to run.
    dying(team, "off");
    let ended = guard.wait();
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    let (code, page) = ask(team.port("WEB_URL"), "GET", "/", "").unwrap_or_else(|| panic!("{}", ended.stderr));
    assert!(code == 503 && page.contains("closed"), "{code} {page}");
    assert_eq!(team.stands("service/app-web", ".spec.selector.app"), "app-maintenance");
    let tries = team.since(since).iter().filter(|record| record.kind == "plan_made").count();
    assert_eq!(tries, 2, "{}", ended.stderr);
    wait_until("whoever is on call to be told", SOON, || team.told.alerts() > alerts);

    team.double.image("backout-example/api:main-1", Behaviour::Ready);
    team.backout(&["maintenance", "off"]).expect_code(0);
    assert_eq!(team.stands("service/app-web", ".spec.selector.app"), "app-web");
    // What waits for an image here does not ask for it again.
    team.kubectl(&["delete", "pod", "--selector", "app=app-api"]);
    let back = ["rollback", "--yes", "--force", "destination-unhealthy", "--reason", "the registry has it again"];
    let ended = team.backout(&back);
    // With its pods it may be what it was already.
    assert!([0, 5].contains(&ended.code), "{}", ended.stderr);
    wait_until("the good version to answer", SOON, || version(team).as_deref() == Some("main-1"));
    assert_eq!(team.released("app").1, "deployed");
    let _ = running(team);
    assert!(is_well(team));
}

fn dying(team: &Team, word: &str) {
    let patch = format!(r#"{{"data": {{"dying": "{word}"}}}}"#);
    team.kubectl(&["patch", "configmap", "app-flags", "--type", "merge", "--patch", &patch]);
}
