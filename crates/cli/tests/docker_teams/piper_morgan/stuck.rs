//! A way back that cannot be gone: the page that says so, people, and what is in the way.

use backout_testkit::guarded::wait_until;
use backout_testkit::taker::Taker;

use super::page::is_well;
use crate::client::{ask, status};
use crate::team::{SOON, Team};

pub(super) fn a_way_back_that_cannot_be_gone_shows_the_page_and_names_the_trouble(team: &Team) {
    let since = team.journal().last();
    let guard = team.start_guard(&[], &["2", "app", "APP_MODE=crash-after:4000"]);
    let _ = team.await_record(since, "after_seen");
    // What is bad dies, and its port is somebody else's before anything can have it.
    let taker = Taker::of(team.port("APP"));
    let ended = guard.wait().expect_code(4);

    let (code, page) = ask(team.port("CLOSED"), "GET", "/", "").unwrap_or_else(|| panic!("{}", ended.stderr));
    assert_eq!((code, page.trim()), (503, "We are back soon."));
    assert!(team.seen()["closed"].is_running);
    let letter = || team.mail.letters().into_iter().find(|it| it.text.contains("NOT VERIFIED"));
    wait_until("a letter with whom to call", SOON, || letter().is_some_and(|it| it.text.contains("developer")));
    let checked = team.backout(&["check", "--deep"]).expect_code(6);
    assert!(checked.stdout.contains(&team.port("APP").to_string()), "{}", checked.stdout);

    taker.let_go();
    team.backout(&["rollback", "--yes", "--force", "destination-unhealthy", "--reason", "the port is free"])
        .expect_code(0);
    team.backout(&["maintenance", "off"]).expect_code(0);
    assert_eq!((team.version().as_deref(), status(team.port("CLOSED"), "/")), (Some("1"), 0));
    assert!(is_well(team));
}
