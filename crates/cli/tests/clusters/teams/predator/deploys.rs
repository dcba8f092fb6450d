//! Deploys that go bad, and one beside which something else does.

use backout_testkit::guarded::wait_until;
use backout_testkit::measured::{Recorded as _, Table, What};

use super::stage::Predator;
use crate::site::SOON;

/// Guards an upgrade that must go back, and asserts that Helm, the pods and users agree that it has.
#[track_caller]
fn goes_back(predator: &Predator, soak: &str, set: &str) {
    let team = &predator.team;
    let (good, (revision, _, manifest)) = (predator.running(), team.released("predator"));
    let ended = predator.start_upgrade(soak, set).wait();
    assert_eq!(ended.code, 3, "{set}: {}{}", ended.stdout, ended.stderr);
    assert_eq!(predator.running(), good, "{set}: {}", ended.stderr);
    let (newest, status, now) = team.released("predator");
    assert_eq!((status.as_str(), now), ("deployed", manifest), "{set}: {}", ended.stderr);
    assert!(newest > revision);
    assert_eq!(predator.version().as_deref(), Some("1.4.2"));
    assert!(predator.is_well());
}

pub(super) fn one_that_crashes_goes_back(predator: &Predator, table: &mut Table) {
    let team = &predator.team;
    let (since, alerts, said) = (team.journal().last(), team.told.alerts(), team.told.chat.received().len());
    goes_back(predator, "8s", "tag=1.5.0-crash");
    table.add(team, since, ("pods that crash", What::Service));
    let heard = || team.told.chat.received().split_off(said);
    wait_until("a word in the chat", SOON, || heard().iter().any(|it| it.body.contains("rolled back")));
    // Whoever is on call heard of it once, and that it is over.
    assert!(team.told.alerts() <= alerts + 1);
    let posted = heard().iter().filter(|it| it.path.ends_with("/chat.postMessage")).count();
    assert_eq!(posted, 1, "one message a run, brought up to date");
    wait_until("the status page", SOON, || !team.told.page.received().is_empty());
}

pub(super) fn one_with_more_than_five_errors_in_a_hundred_goes_back(predator: &Predator, table: &mut Table) {
    let (team, since) = (&predator.team, predator.team.journal().last());
    goes_back(predator, "60s", "tag=1.5.0-errors");
    let decided = team.since(since).into_iter().find(|record| record.kind == "decided").unwrap();
    assert!(decided.body.to_string().contains("error-rate"), "{:#}", decided.body);
    table.add(team, since, ("more than 5 % errors", What::Service));
}

pub(super) fn one_that_is_slower_by_more_than_half_goes_back(predator: &Predator, table: &mut Table) {
    let (team, since) = (&predator.team, predator.team.journal().last());
    wait_until("something to compare with", SOON, || team.scraped.requests() > 400.0);
    goes_back(predator, "80s", "tag=1.5.0-slow");
    assert_eq!(team.fired(since).as_deref(), Some("slower"));
    table.add(team, since, ("slower by more than half", What::Service));
}

pub(super) fn one_with_which_nobody_can_log_in_goes_back_with_its_setting(predator: &Predator, table: &mut Table) {
    let (team, since) = (&predator.team, predator.team.journal().last());
    let setting = team.stands("configmap/predator", ".data.AUTH_URL");
    goes_back(predator, "8s", "config.AUTH_URL=http://nowhere.invalid");
    assert_eq!(team.stands("configmap/predator", ".data.AUTH_URL"), setting);
    table.add(team, since, ("a setting with which nobody can log in", What::Service));
}

/// The payment provider goes away while a good deploy is watched: that is not the deploy's doing.
pub(super) fn one_whose_payment_provider_is_away_stays_and_does_without(predator: &Predator) {
    let (team, since) = (&predator.team, predator.team.journal().last());
    let (revision, ..) = team.released("predator");
    let guard = predator.start_upgrade("12s", "tag=1.5.0");
    team.await_record(since, "after_seen");
    predator.pay(false);
    let switch = || team.stands("configmap/predator-breaker", ".data.FALLBACK");
    wait_until("the breaker to be on", SOON, || switch() == "on");
    wait_until("the backend to do without", SOON, || predator.is_well());
    let ended = guard.wait();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(predator.version().as_deref(), Some("1.5.0"));
    let (newest, status, _) = team.released("predator");
    assert_eq!((newest, status.as_str()), (revision + 1, "deployed"), "nothing but the upgrade itself");

    predator.pay(true);
    team.backout(&["fallback", "off"]).expect_code(0);
    assert_eq!(switch(), "off");
    wait_until("the backend to pay again", SOON, || predator.is_well());
}
