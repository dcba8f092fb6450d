//! Deploys that go bad, and one beside which something else does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backout_testkit::docker::docker;
use backout_testkit::guarded::wait_until;

use super::page::{BI, answers_questions, is_well};
use crate::client::status;
use crate::measured::{Table, What};
use crate::team::{SOON, Team, only_taken_back};

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
    let (is_over, port) = (AtomicBool::new(false), team.port("BI"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let _ = status(port, "/api/v1/query");
                std::thread::sleep(Duration::from_millis(15));
            }
        });
        let ended = team.start_guard(&["--soak", "60s"], &["v7.0.0", BI, "BI_MODE=errors:60"]).wait();
        is_over.store(true, Ordering::SeqCst);
        ended.expect_code(3);
    });
    only_taken_back(&[BI], &before, &team.seen());
    assert!((0..20).all(|_| answers_questions(team)));
    let judged = team.journal().since(since).into_iter().find(|record| record.kind == "judged").unwrap();
    assert_eq!(judged.text("/judgement/fired/trigger"), Some("errors"), "{}", judged.body);
    table.add(team, since, ("more than a quarter of the requests fail", What::Service));
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
