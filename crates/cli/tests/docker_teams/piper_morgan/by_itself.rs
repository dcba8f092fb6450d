//! What goes back by itself, and what does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backout_testkit::docker::docker;
use backout_testkit::guarded::wait_until;
use rustix::process::Signal;

use super::page::{asks, is_well};
use crate::client::{ask, field};
use crate::measured::{Table, What};
use crate::team::{SOON, Team, only_taken_back};

const APP: &str = "app";

/// The first verdict is by that trigger.
#[track_caller]
fn fired(team: &Team, since: i64, trigger: &str) {
    let judged = team.journal().since(since).into_iter().find(|record| record.kind == "judged").unwrap();
    assert_eq!(judged.text("/judgement/fired/trigger"), Some(trigger), "{}", judged.body);
}

pub(super) fn the_first_health_check_that_fails_goes_back(team: &Team, table: &mut Table) {
    let (since, before, env) = (team.journal().last(), team.seen(), team.file(".env"));
    team.guard(&["2", APP, "APP_MODE=unhealthy"]).expect_code(3);
    only_taken_back(&[APP], &before, &team.seen());
    assert_eq!((team.file(".env"), team.version().as_deref()), (env, Some("1")));
    assert!(is_well(team) && asks(team));
    fired(team, since, "service_health");
    table.add(team, since, ("health below 100 %, once", What::Service));
    let is_told = || team.mail.letters().iter().any(|it| it.text.contains("rolled back"));
    wait_until("a letter about it", SOON, is_told);
}

pub(super) fn three_slow_answers_in_a_row_go_back(team: &Team, table: &mut Table) {
    let (since, before) = (team.journal().last(), team.seen());
    let words = ["guard", "--", "./deploy.sh", "2", APP, "APP_MODE=slow:900"];
    team.start(&words, &[("SLOW", "500ms")]).wait().expect_code(3);
    only_taken_back(&[APP], &before, &team.seen());
    fired(team, since, "response_time");
    assert!(is_well(team));
    table.add(team, since, ("answers over 500 ms, three in a row", What::Service));
}

pub(super) fn more_than_one_error_in_twenty_goes_back(team: &Team, table: &mut Table) {
    let (since, before) = (team.journal().last(), team.seen());
    let (is_over, port) = (AtomicBool::new(false), team.port("APP"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let _ = ask(port, "POST", "/ask", "again?");
                std::thread::sleep(Duration::from_millis(15));
            }
        });
        let words = ["guard", "--soak", "60s", "--", "./deploy.sh", "2", APP, "APP_MODE=errors:50"];
        // The rate looks back; it has the time of the observation to come down.
        let ended = team.start(&words, &[("OBSERVE", "8s")]).wait();
        is_over.store(true, Ordering::SeqCst);
        ended.expect_code(3);
    });
    only_taken_back(&[APP], &before, &team.seen());
    fired(team, since, "error_rate");
    assert!((0..20).all(|_| asks(team)));
    table.add(team, since, ("more than 5 % errors, twice in a row", What::Service));
}

pub(super) fn a_deploy_that_nobody_guarded_goes_back_as_well(team: &Team, table: &mut Table) {
    let before = team.seen();
    let watch = team.start(&["watch"], &[]);
    std::thread::sleep(Duration::from_secs(3));
    let since = team.journal().last();
    team.deploy(&["2", APP, "APP_MODE=crash-after:6000"]);
    let _ = team.await_record(since, "run_ended");
    watch.signal(Signal::INT);
    let _ = watch.wait();
    only_taken_back(&[APP], &before, &team.seen());
    assert!(is_well(team));
    table.add(team, since, ("a deploy that nobody guarded", What::Service));
}

/// Redis goes away while a good deploy is watched: that is not the deploy's doing.
pub(super) fn one_whose_cache_fails_stays_and_the_breaker_opens(team: &Team) {
    let (since, before) = (team.journal().last(), team.seen());
    let guard = team.start_guard(&["--soak", "8s"], &["2"]);
    let _ = team.await_record(since, "after_seen");
    let _ = docker(&["stop", &before["redis"].id]);
    wait_until("the breaker to open", SOON, || team.has("breaker/open"));
    wait_until("questions to be answered without the cache", SOON, || asks(team));
    guard.wait().expect_code(0);

    let after = team.seen();
    assert_eq!(field(team.port("APP"), "/health", "version").as_deref(), Some("2"));
    assert!(after[APP].image != before[APP].image && !after["redis"].is_running, "{after:?}");
    let _ = docker(&["start", &before["redis"].id]);
    team.backout(&["fallback", "off"]).expect_code(0);
    assert!(!team.has("breaker/open"));
    wait_until("questions to be answered with the cache", SOON, || asks(team));
}
