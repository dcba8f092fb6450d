//! Telling people from the command line: a deploy goes bad, and real receivers on loopback get to know.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use backout_testkit::receiver::{Answer, HttpReceiver, Received, Security, SmtpReceiver};
use serde_json::Value;

use crate::place::Place;
use crate::running::Running;

const KEY: &str = "planted-signing-key";

/// A place with the demo's application, where somebody is told.
fn told(notify: &str) -> Running {
    let running = Running::new();
    let config = std::fs::read_to_string(running.0.work().join("backout.yaml")).unwrap();
    running.0.write("backout.yaml", &format!("{config}    notify:\n{notify}"));
    running.0.write("hook.key", KEY);
    running
}

/// Deploys the version that goes bad.
fn goes_bad(place: &Place) -> crate::place::Left {
    place.run(&["guard", "--soak", "20s", "--force", "rollback-of-rollback", "--", "sh", "deploy.sh", "2"])
}

fn ok() -> Answer {
    Answer::Say(200, "ok".to_owned())
}

fn events(requests: &[Received]) -> Vec<String> {
    requests.iter().map(|request| request.json()["event"].as_str().unwrap().to_owned()).collect()
}

fn rows(place: &Place) -> Vec<Value> {
    place.run(&["notify", "list", "--json"]).well().document()["notices"].as_array().unwrap().clone()
}

#[test]
fn a_deploy_that_goes_bad_is_told_to_slack_and_to_a_signed_webhook_in_order() {
    let (slack, hook) = (HttpReceiver::start(|_| ok()).unwrap(), HttpReceiver::start(|_| ok()).unwrap());
    let running = told(
        "      slack: { webhook: \"file:slack.url\" }\n      \
         hook: { kind: webhook, webhook: \"file:hook.url\", secret: \"file:hook.key\" }\n",
    );
    let place = &running.0;
    place.write("slack.url", &slack.url("/services/T0/B0/planted-token"));
    place.write("hook.url", &hook.url("/planted-path"));
    let left = goes_bad(place);
    assert_eq!(left.code, Some(3), "{}", left.shown());

    assert_eq!(events(&hook.received()), ["started", "going_back", "rolled_back"]);
    let fields = hook.received()[1].json()["fields"].clone();
    for (name, value) in [("Versions", "web: release 2 to release 1"), ("By", ""), ("Checkpoint", "cp-")] {
        let has = |field: &Value| field["name"] == name && field["value"].as_str().unwrap().starts_with(value);
        assert!(fields.as_array().unwrap().iter().any(has), "{name}: {fields:#}");
    }
    let titles: Vec<String> = slack.received().iter().map(|r| r.json()["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(titles.len(), 3, "{titles:?}");
    assert!(titles[2].contains("rolled back and verified"), "{titles:?}");
    for request in hook.received() {
        let timestamp = &request.headers["x-backout-timestamp"];
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY.as_bytes());
        let signed = format!("{timestamp}.{}", request.body);
        let tag: Vec<u8> = hex(request.headers["x-backout-signature"].strip_prefix("v1=").unwrap());
        ring::hmac::verify(&key, signed.as_bytes(), &tag).unwrap();
        assert_eq!(request.headers["idempotency-key"], request.json()["id"].as_str().unwrap());
    }
    assert!(rows(place).iter().all(|row| row["state"] == "sent"), "{:?}", rows(place));
    let told = place.run(&["incident", "show", "--json"]).well().document()["told"].clone();
    assert_eq!(told, serde_json::json!(["hook", "slack"]), "it is recorded who was told");
    // Neither an address nor a key is in anything that people or the journal see.
    let seen = format!("{}{}", left.shown(), place.run(&["notify", "list", "--json"]).stdout);
    let journal = std::fs::read(place.work().join(".backout/journal.db")).unwrap();
    let journal = String::from_utf8_lossy(&journal);
    for secret in ["planted-token", "planted-path", KEY] {
        assert!(!seen.contains(secret) && !journal.contains(secret), "{secret}");
    }
}

#[test]
fn a_receiver_that_is_down_for_a_while_loses_nothing_and_gets_nothing_twice() {
    let port = HttpReceiver::start(|_| ok()).unwrap().port();
    let running = told("      hook: { kind: webhook, webhook: \"file:hook.url\" }\n");
    let place = &running.0;
    place.write("hook.url", &format!("http://127.0.0.1:{port}/"));
    let left = goes_bad(place);
    assert_eq!(left.code, Some(3), "{}", left.shown());
    let waiting = rows(place);
    assert_eq!(waiting.len(), 3, "{waiting:?}");
    assert!(waiting.iter().all(|row| row["state"] == "waiting"), "{waiting:?}");
    assert!(waiting[0]["error"].as_str().unwrap().contains("refused"), "{waiting:?}");
    assert!(place.run(&["status"]).well().stdout.contains("notices: 3 not delivered yet"));
    assert_eq!(place.run(&["notify", "flush"]).code, Some(6));

    // It takes the first and dies before it answers: that one comes again, with the same key.
    let is_first = AtomicBool::new(true);
    let up = HttpReceiver::on(port, move |_| {
        if is_first.swap(false, Ordering::SeqCst) { Answer::Say(503, "dying".to_owned()) } else { ok() }
    })
    .unwrap();
    assert_eq!(place.run(&["notify", "flush"]).code, Some(6));
    place.run(&["notify", "flush"]).well();
    place.run(&["notify", "flush"]).well();
    assert_eq!(events(&up.received()), ["started", "started", "going_back", "rolled_back"]);
    let keys: BTreeSet<String> = up.received().iter().map(|r| r.headers["idempotency-key"].clone()).collect();
    assert_eq!(keys.len(), 3);
    assert!(rows(place).iter().all(|row| row["state"] == "sent"));
}

#[test]
fn a_receiver_that_never_answers_delays_no_run() {
    let silent = HttpReceiver::start(|_| Answer::Silence).unwrap();
    let running = told("      hook: { kind: webhook, webhook: \"file:hook.url\", timeout: 10m }\n");
    let place = &running.0;
    place.write("hook.url", &silent.url("/"));
    let left = goes_bad(place);
    assert_eq!(left.code, Some(3), "{}", left.shown());
    // The first notice was on its way all the time, for ten minutes at the most, and the run has its end all the same.
    assert_eq!(events(&silent.received()), ["started"]);
    let shown = place.run(&["show", "--json"]).well().document();
    assert!(shown.to_string().contains("rolled_back"), "{shown}");
    assert!(rows(place).iter().all(|row| row["state"] == "waiting"));
}

/// A host on which nobody has installed any authority, and whose notices are all within it.
#[test]
fn a_letter_needs_no_certificates_and_what_does_says_that_they_are_missing() {
    let mail = SmtpReceiver::on(0, Security::Plain, None).unwrap();
    let running = told(&format!(
        "      cto: {{ kind: email, smtp: \"smtp://127.0.0.1:{}\", starttls: false, from: a@b.example, to: [cto@b.example] }}\n      \
         slack: {{ webhook: \"file:slack.url\" }}\n",
        mail.port()
    ));
    let place = &running.0;
    place.write("slack.url", "http://127.0.0.1:9/services");
    let nowhere = [("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/nonexistent")];
    let tested = place.run_with("", &nowhere, &["notify", "test", "--json"]);
    assert_eq!(tested.code, Some(6), "{}", tested.shown());
    assert_eq!(mail.letters().len(), 1, "{}", tested.shown());
    assert!(tested.stdout.contains("certificates"), "{}", tested.shown());
}

#[test]
fn a_test_says_who_took_it_and_check_says_which_secret_is_missing() {
    let hook = HttpReceiver::start(|_| ok()).unwrap();
    let running = told(
        "      hook: { kind: webhook, webhook: \"file:hook.url\", template: words.txt }\n      \
         slack: { webhook: \"env:NOT_SET\" }\n",
    );
    let place = &running.0;
    place.write("hook.url", &hook.url("/"));
    place.write("words.txt", "{{ event }} of {{ project }}\nall is {{ severity }}");
    place.run(&["notify", "test", "hook"]).well();
    let request = hook.received().pop().unwrap().json();
    assert_eq!((&request["title"], &request["text"]), (&"test of demo".into(), &"all is info".into()));
    let both = place.run(&["notify", "test", "--json"]);
    assert_eq!(both.code, Some(6), "{}", both.shown());
    let tested = both.document()["tested"].clone();
    assert_eq!((&tested[0]["delivered"], &tested[1]["delivered"]), (&true.into(), &false.into()), "{tested}");
    assert_eq!(place.run(&["notify", "test", "nobody"]).code, Some(2));
    let check = place.run(&["check"]);
    assert_eq!(check.code, Some(6), "{}", check.shown());
    let line = check.stdout.lines().find(|line| line.contains("notifier slack")).unwrap();
    assert!(line.contains("FAILS") && line.contains("`NOT_SET` is not set"), "{line}");
    assert!(rows(place).is_empty());
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
