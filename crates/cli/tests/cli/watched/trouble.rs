//! What goes bad long after any deploy.

use std::fs;

use backout_testkit::receiver::{Answer, HttpReceiver};

use super::watching::{Watching, runs, until};
use crate::running::Running;

/// Version 1 runs with a probe on its mood, and somebody is told what happens.
fn moody(receiver: &HttpReceiver) -> Running {
    let running = Running::new();
    let place = &running.0;
    place.write("mood", "well\n");
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let mood = "{ exec: [sh, -c, \"read mood < mood && test $mood = well\"], every: 200ms }";
    let config = config.replace("        probes:\n", &format!("        probes:\n          mood: {mood}\n"));
    let trigger = "      mood: { signal: web.mood.up, below: 100%, consecutive: 1, action: rollback }";
    let config = config.replace("    triggers:\n", &format!("    triggers:\n{trigger}\n"));
    let hook = "    notify: { hook: { kind: webhook, webhook: \"file:hook.url\" } }";
    place.write("backout.yaml", &format!("{}\n{hook}\n", config.trim_end()));
    place.write("hook.url", &receiver.url("/"));
    place.run(&["checkpoint", "create"]).well();
    running
}

#[test]
fn what_fails_long_after_a_deploy_calls_people_opens_an_incident_and_is_told_to_be_over() {
    let receiver = HttpReceiver::start(|_| Answer::Say(200, "ok".to_owned())).unwrap();
    let running = moody(&receiver);
    let place = &running.0;
    let told = |event: &str| {
        receiver.received().iter().map(|request| request.json()).filter(|notice| notice["event"] == event).count()
    };
    let _watching = Watching::start(&running, &[]);
    until("it is watched", || place.run(&["status"]).stdout.contains("watched:").then_some(()));

    place.write("mood", "bad\n");
    until("people are called", || (told("went_down") == 1).then_some(()));
    let status = place.run(&["status"]).well();
    assert!(status.stdout.contains("incident: inc-"), "{}", status.shown());
    let history = place.run(&["history"]).well();
    assert!(history.stdout.contains("went down"), "{}", history.shown());
    assert_eq!(runs(&running).last().unwrap()["ending"]["result"], "held");

    place.write("mood", "well\n");
    until("they are told that it is over", || (told("well_again") == 1).then_some(()));
    let incidents = place.run(&["incident", "list", "--json"]).well().document();
    assert_eq!(incidents["incidents"][0]["status"], "restored", "{incidents}");
    assert_eq!(told("went_down"), 1);
}
