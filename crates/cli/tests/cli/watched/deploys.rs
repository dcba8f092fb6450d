//! Deploys that nobody told of.

use rustix::process::Signal;

use super::watching::{Watching, noticed, runs, until};
use crate::running::Running;

#[test]
fn deploy_that_nobody_told_of_is_in_the_history_and_bad_and_a_second_watch_only_looks_on() {
    let running = Running::new();
    let place = &running.0;
    place.run(&["checkpoint", "create"]).well();
    let watching = Watching::start(&running, &[]);
    until("it is watched", || place.run(&["status"]).stdout.contains("watched:").then_some(()));
    let second = place.start(&["watch"]);
    place.script("deploy.sh", "2").well();
    let run = until("the deploy went bad", || noticed(&running));
    assert_eq!((run["ending"]["result"].as_str(), run["kind"]["changed"][0].as_str()), (Some("held"), Some("web")));
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(i32::try_from(second.id()).unwrap()).unwrap(),
        Signal::INT,
    )
    .unwrap();
    let second = place.left(second.wait_with_output().unwrap());
    assert!(second.stderr.contains("this one only looks on"), "{}", second.shown());
    let history = place.run(&["history"]).well().stdout;
    assert!(history.contains("noticed web"), "{history}");
    let listed = place.run(&["checkpoint", "list"]).well().stdout;
    assert!(listed.contains("bad"), "{listed}");
    watching.signal(Signal::INT);
    place.run(&["rollback", "--yes"]).well();
    assert_eq!(runs(&running).iter().filter(|run| run["kind"]["is"] == "noticed").count(), 1);
}
