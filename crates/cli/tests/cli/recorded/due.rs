//! What people are told because time has passed, and what is begun for them when trouble is over.

use std::fs;
use std::time::Duration;

use backout_testkit::receiver::{Answer, HttpReceiver};
use serde_json::Value;

use crate::place::{Left, Place};
use crate::running::Running;

/// The demo's application with more for its environment, and somebody who is told.
fn told(more: &str, receiver: &HttpReceiver) -> Running {
    let running = Running::new();
    let place = &running.0;
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let own: Vec<&str> = config.lines().filter(|line| !line.trim_start().starts_with("policy:")).collect();
    place.write(
        "backout.yaml",
        &format!("{}\n    notify: {{ hook: {{ kind: webhook, webhook: \"file:hook.url\" }} }}\n{more}", own.join("\n")),
    );
    place.write("hook.url", &receiver.url("/"));
    running
}

fn goes_bad(place: &Place) -> Left {
    place.run(&["guard", "--soak", "20s", "--force", "rollback-of-rollback", "--", "sh", "deploy.sh", "2"])
}

/// What the receiver was told of an event.
fn of(receiver: &HttpReceiver, event: &str) -> Vec<Value> {
    receiver.received().iter().map(|request| request.json()).filter(|notice| notice["event"] == event).collect()
}

/// Flushes until the receiver was told of an event; then once more.
fn flushed(place: &Place, receiver: &HttpReceiver, event: &str) -> Vec<Value> {
    for _ in 0..100 {
        place.run(&["notify", "flush"]).well();
        if !of(receiver, event).is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    place.run(&["notify", "flush"]).well();
    of(receiver, event)
}

#[test]
fn a_post_mortem_is_begun_at_the_end_and_people_are_reminded_of_it_once() {
    let receiver = HttpReceiver::start(|_| Answer::Say(200, "ok".to_owned())).unwrap();
    let more = "    incidents: { post_mortem: { within: 8s, drafts: written, template: own.md } }\n";
    let running = told(more, &receiver);
    let place = &running.0;
    place.write("own.md", "# Our own page of {{ id }}\n");
    let left = goes_bad(place);
    assert_eq!(left.code, Some(3), "{}", left.shown());
    let incident = place.run(&["incident", "list", "--json"]).well().document()["incidents"][0]["id"].clone();
    let id = incident.as_str().unwrap();
    let draft = place.work().join(format!("written/{id}.md"));
    assert_eq!(fs::read_to_string(&draft).unwrap(), format!("# Our own page of {id}\n"), "{}", left.shown());
    assert!(left.shown().contains(&format!("written/{id}.md")), "{}", left.shown());
    let status = place.run(&["status"]).well().stdout;
    assert!(status.contains(&format!("post-mortem: {id}, due by ")), "{status}");

    // What is there is theirs.
    place.write(&format!("written/{id}.md"), "what people made of it");
    let of_this = |notices: Vec<Value>| -> Vec<Value> {
        notices.into_iter().filter(|notice| notice["id"] == format!("{id}/post_mortem_due")).collect()
    };
    assert_eq!(of_this(of(&receiver, "post_mortem_due")).len(), 0, "it is not due yet");
    std::thread::sleep(Duration::from_secs(6));
    let reminded = of_this(flushed(place, &receiver, "post_mortem_due"));
    assert_eq!(reminded.len(), 1, "{reminded:#?}");
    assert!(reminded[0]["text"].as_str().unwrap().contains(&format!("incident check {id} post-mortem")));
    assert_eq!(fs::read_to_string(&draft).unwrap(), "what people made of it");

    place.run(&["incident", "check", id, "post-mortem"]).well();
    assert!(!place.run(&["status"]).well().stdout.contains(&format!("post-mortem: {id}")));
}

#[test]
fn more_people_are_told_when_nobody_has_ended_the_trouble_in_time() {
    let [receiver, boss] = [0, 1].map(|_| HttpReceiver::start(|_| Answer::Say(200, "ok".to_owned())).unwrap());
    let more = "    policy: { freeze: [{ name: always, from: '00:00', until: '00:00' }] }\n    \
                contacts: { anna: {}, ben: { chat: \"@ben\" } }\n    \
                escalation: [{ call: [anna] }, { call: [ben], after: 2s, tell: [boss] }, { call: [anna], after: 1h, tell: [boss] }]\n";
    let running = told(more, &receiver);
    let place = &running.0;
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    let with_boss = "notify: { boss: { kind: webhook, webhook: \"file:boss.url\", on: [] }, ";
    place.write("backout.yaml", &config.replace("notify: { ", with_boss));
    place.write("boss.url", &boss.url("/"));
    let left = goes_bad(place);
    assert_eq!(left.code, Some(4), "{}", left.shown());
    let called = flushed(place, &boss, "escalated");
    assert_eq!(called.len(), 1, "the second step is not due: {called:#?}");
    assert!(called[0]["title"].as_str().unwrap().contains("call ben"), "{called:#?}");
    assert_eq!((called[0]["severity"].as_str(), boss.received().len()), (Some("critical"), 1));
    assert_eq!(of(&receiver, "escalated").len(), 0, "only whom the step names");
}
