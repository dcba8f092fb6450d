//! A way back that cannot be gone: maintenance mode, and people.

use backout_testkit::guarded::wait_until;
use backout_testkit::taker::Taker;

use super::page::{BI, is_well};
use crate::client::{ask, status};
use crate::team::{SOON, Team};

pub(super) fn a_way_back_that_cannot_be_gone_closes_the_site_and_calls_people(team: &Team) {
    let (since, pages) = (team.journal().last(), team.pager.received().len());
    let guard = team.start_guard(&[], &["v7.0.0", BI, "BI_MODE=crash-after:4000"]);
    let _ = team.await_record(since, "after_seen");
    // What is bad dies, and its port is somebody else's before anything can have it.
    let taker = Taker::of(team.port("BI"));
    let ended = guard.wait().expect_code(4);

    let (code, page) = ask(team.port("NGINX"), "GET", "/bi/health", "").unwrap();
    assert_eq!((code, page.trim()), (503, "HeliosDB is being repaired."), "{}", ended.stderr);
    assert!(team.has("maintenance/on"));
    let tries = team.journal().since(since).iter().filter(|record| record.kind == "plan_made").count();
    assert_eq!(tries, 2, "{}", ended.stderr);
    let is_called = || team.pager.received()[pages..].iter().any(|it| it.body.contains("trigger"));
    wait_until("the pager to be told", SOON, is_called);
    let letter = || team.mail.letters().into_iter().find(|it| it.text.contains("NOT VERIFIED"));
    wait_until("a letter with whom to call", SOON, || letter().is_some_and(|it| it.text.contains("on-call")));

    taker.let_go();
    team.backout(&["rollback", "--yes", "--force", "destination-unhealthy", "--reason", "the port is free"])
        .expect_code(0);
    assert_eq!(team.version().as_deref(), Some("v7.0.0-rc1"));
    assert_eq!(status(team.port("NGINX"), "/"), 503, "nobody said that users may come in again");
    team.backout(&["maintenance", "off"]).expect_code(0);
    assert!(!team.has("maintenance/on") && is_well(team));
}
