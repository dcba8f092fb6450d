//! Deploys that go bad, and one beside which something else does.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_testkit::docker::docker;
use backout_testkit::guarded::wait_until;
use backout_testkit::users::Users;

use super::page::{BI, COMPLIANCE, answers_questions, is_well};
use crate::measured::{Table, What};
use crate::team::{Container, SOON, Team, only_taken_back};

/// What people ask.
const QUESTIONS: &str = "/api/v1/query";

/// What a deploy is compared with: the points of the half hour before are ten seconds apart, and the less even they are, the more
/// of them it takes.
const TIME_BEFORE: Duration = Duration::from_secs(90);

/// The files that a deploy writes.
fn files(team: &Team) -> [String; 2] {
    [".env", "config/app.json"].map(|name| team.file(name))
}

pub(super) fn one_that_crashes_goes_back_alone(team: &Team, table: &mut Table) {
    let (since, before, files_before) = (team.journal().last(), team.seen(), files(team));
    team.guard(&["v7.0.0", BI, "BI_MODE=crash"]).expect_code(3);
    only_taken_back(&[BI], &before, &team.seen());
    assert_eq!(files(team), files_before);
    assert_eq!(team.version().as_deref(), Some("v7.0.0-rc1"));
    assert!(is_well(team) && answers_questions(team));
    table.add(team, since, ("a service that crashes", What::Service));

    let letter = || team.mail.letters().into_iter().find(|it| it.text.contains("rolled back"));
    wait_until("a letter about it", SOON, || letter().is_some());
    assert_eq!(letter().unwrap().to, ["team@helios.example"]);
    wait_until("a word in the chat", SOON, || team.chat.received().iter().any(|it| it.body.contains("rolled back")));
}

pub(super) fn one_that_fails_more_than_a_quarter_goes_back(team: &Team, table: &mut Table) {
    let (since, before) = (team.journal().last(), team.seen());
    let users = Users::start(team.port("BI"), QUESTIONS);
    team.start_guard(&["--soak", "60s"], &["v7.0.0", BI, "BI_MODE=errors:60"]).wait().expect_code(3);
    drop(users);
    only_taken_back(&[BI], &before, &team.seen());
    assert!((0..20).all(|_| answers_questions(team)));
    // What is compared with the time before may be sure of it sooner.
    assert_fired(team, since, &["errors", "slower"]);
    table.add(team, since, ("more than a quarter of the requests fail", What::Service));
}

/// It was one of these triggers that spoke.
fn assert_fired(team: &Team, since: i64, triggers: &[&str]) {
    let judged = team.journal().since(since).into_iter().find(|record| record.kind == "judged").unwrap();
    let fired = judged.text("/judgement/fired/trigger");
    assert!(fired.is_some_and(|fired| triggers.contains(&fired)), "{}", judged.body);
}

/// What is deployed, how it is bad, what notices it, and what a table calls that.
const OTHERS: [(&str, &str, &[&str], &str); 4] = [
    (BI, "BI_MODE=unhealthy", &["bi_down", "front_down"], "it says that it is not well"),
    (COMPLIANCE, "COMPLIANCE_MODE=violates", &["rules"], "a rule is broken"),
    (COMPLIANCE, "COMPLIANCE_MODE=unaudited", &["audit"], "no audit log is written"),
    (BI, "BI_MODE=leak", &["memory"], "memory runs out"),
];

pub(super) fn each_other_bad_one_goes_back_by_its_own_trigger(team: &Team, table: &mut Table) {
    let _asking = Users::start(team.port("BI"), QUESTIONS);
    let _writing = Users::start(team.port("COMPLIANCE"), "/api/v1/audit");
    for (service, mode, triggers, what) in OTHERS {
        let (since, before) = (team.journal().last(), team.seen());
        team.start_guard(&["--soak", "60s"], &["v7.0.0", service, mode]).wait().expect_code(3);
        assert_fired(team, since, triggers);
        is_as_it_was(team, &before, what);
        table.add(team, since, (what, What::Service));
    }
}

/// The deploy itself makes some anew, which is Compose's doing: what they run is the same.
fn is_as_it_was(team: &Team, before: &BTreeMap<String, Container>, what: &str) {
    for (name, is) in team.seen() {
        assert!(is.is_running && is.image == before[&name].image, "{what}, `{name}`: {is:?}");
    }
    assert!(is_well(team) && answers_questions(team), "{what}");
}

/// It is compared with the time before, so it comes first: times of incidents do not count.
pub(super) fn one_that_is_slower_by_more_than_500_percent_goes_back(team: &Team, table: &mut Table) {
    let (since, before) = (team.journal().last(), team.seen());
    let _first = Users::start(team.port("BI"), QUESTIONS);
    std::thread::sleep(TIME_BEFORE);
    // Each waits three seconds for an answer.
    let _more = [(); 9].map(|()| Users::start(team.port("BI"), QUESTIONS));
    team.start_guard(&["--soak", "170s"], &["v7.0.0", BI, "BI_MODE=slow:3000"]).wait().expect_code(3);
    assert_fired(team, since, &["slower"]);
    is_as_it_was(team, &before, "slower");
    table.add(team, since, ("slower by more than 500 %", What::Service));
}

pub(super) fn one_that_cannot_read_its_configuration_goes_back_with_the_file(team: &Team, table: &mut Table) {
    let (since, before, files_before) = (team.journal().last(), team.seen(), files(team));
    team.guard(&["v7.0.0", BI, "config"]).expect_code(3);
    only_taken_back(&[BI], &before, &team.seen());
    assert_eq!(files(team), files_before);
    assert!(is_well(team));
    table.add(team, since, ("a configuration that nobody can read", What::Service));
}

/// Redis goes away while a good deploy is watched: that is not the deploy's doing.
pub(super) fn one_whose_cache_fails_stays_and_does_without(team: &Team) {
    let (since, before) = (team.journal().last(), team.seen());
    let guard = team.start_guard(&["--soak", "8s"], &["v7.0.0", BI]);
    let _ = team.await_record(since, "after_seen");
    let _ = docker(&["stop", &before["redis"].id]);
    wait_until("the flag to be set", SOON, || team.has("flags/uncached"));
    wait_until("questions to be answered without Redis", SOON, || answers_questions(team));
    guard.wait().expect_code(0);

    let after = team.seen();
    assert_eq!(team.version().as_deref(), Some("v7.0.0"));
    assert!(after[BI].image != before[BI].image && !after["redis"].is_running, "{after:?}");
    let _ = docker(&["start", &before["redis"].id]);
    team.backout(&["fallback", "off"]).expect_code(0);
    assert!(!team.has("flags/uncached"));
    wait_until("questions to be answered with Redis", SOON, || answers_questions(team));
}
