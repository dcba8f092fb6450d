//! A way back that cannot be gone: the page that says so, and people.

use backout_testkit::guarded::wait_until;
use backout_testkit::taker::Taker;

use super::page::is_well;
use crate::client::{ask, status};
use crate::team::{SOON, Team};

pub(super) fn a_way_back_that_cannot_be_gone_shows_the_page_and_calls_people(team: &Team) {
    let (since, calls) = (team.journal().last(), team.pager.received().len());
    let guard = team.start_guard(&["--soak", "40s"], &["main-dies"]);
    let _ = team.await_record(since, "after_seen");
    // The bad container is replaced, and its port is somebody else's before the good one can have it.
    let taker = Taker::of(team.port("API"));
    team.project.write("flags/dying", "");
    let ended = guard.wait().expect_code(4);
    let (code, page) = ask(team.port("PAGE"), "GET", "/", "").unwrap_or_else(|| panic!("{}", ended.stderr));
    assert!(code == 503 && page.contains("closed"), "{code} {page}");
    let tries = team.journal().since(since).iter().filter(|record| record.kind == "plan_made").count();
    assert_eq!(tries, 2, "{}", ended.stderr);
    let is_called = || team.pager.received()[calls..].iter().any(|it| it.body.contains("trigger"));
    wait_until("whoever is on call to be told", SOON, is_called);

    taker.let_go();
    let back = ["rollback", "--yes", "--force", "destination-unhealthy", "--reason", "the port is free"];
    team.backout(&back).expect_code(0);
    team.backout(&["maintenance", "off"]).expect_code(0);
    assert_eq!((team.version().as_deref(), status(team.port("PAGE"), "/")), (Some("main-1"), 0));
    assert!(is_well(team));
}
