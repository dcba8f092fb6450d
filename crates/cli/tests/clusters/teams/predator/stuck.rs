//! A way back that cannot be gone: the good image is not in the registry any more.

use backout_kube_double::Behaviour;
use backout_testkit::guarded::wait_until;
use backout_testkit::measured::Recorded as _;

use super::stage::Predator;
use crate::site::SOON;

pub(super) fn a_way_back_that_cannot_be_gone_calls_people(predator: &Predator) {
    let team = &predator.team;
    let (since, alerts, calls) = (team.journal().last(), team.told.alerts(), team.told.pager.received().len());
    let guard = predator.start_upgrade("40s", "tag=1.5.0");
    team.await_record(since, "after_seen");
    // Every pod is of the new version by now; of the old one none can be started.
    team.double.image("predator/backend:1.4.2", Behaviour::Missing);
    predator.switch("ERRORS", "on");
    team.await_record(since, "decided");
    // A try that fails is undone, and what is undone has to run.
    predator.switch("ERRORS", "off");
    let ended = guard.wait();
    assert_eq!(ended.code, 4, "{}", ended.stderr);
    let tries = team.since(since).iter().filter(|record| record.kind == "plan_made").count();
    assert_eq!(tries, 2, "{}", ended.stderr);
    wait_until("whoever is on call to be told", SOON, || team.told.alerts() > alerts);
    let is_over = team.told.pager.received()[calls..].iter().any(|it| it.json()["event_action"] == "resolve");
    assert!(!is_over, "it is not over");
    wait_until("the commander to be named", SOON, || team.told.has_said("commander"));

    // What waits for an image here does not ask for it again.
    team.double.image("predator/backend:1.4.2", Behaviour::Ready);
    team.kubectl(&["delete", "pod", "--selector", "app=backend"]);
    let back = ["rollback", "--yes", "--force", "destination-unhealthy", "--reason", "the registry has it again"];
    let ended = team.backout(&back);
    // With its pods it may be what it was already.
    assert!([0, 5].contains(&ended.code), "{}", ended.stderr);
    wait_until("the good version to answer", SOON, || predator.version().as_deref() == Some("1.4.2"));
    assert_eq!(team.released("predator").1, "deployed");
    let _ = predator.running();
    assert!(predator.is_well());
}
