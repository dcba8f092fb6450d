//! A fallback that is an address, with a real receiver and without one.

use std::fs;

use backout_testkit::receiver::{Answer, HttpReceiver};
use serde_json::{Value, json};

use super::guarded::{goes_bad, guarded, runs};
use crate::place::Place;

fn receiver(port: u16) -> HttpReceiver {
    HttpReceiver::on(port, |_| Answer::Say(200, String::new())).unwrap()
}

fn bodies(receiver: &HttpReceiver) -> Vec<Value> {
    assert!(receiver.received().iter().all(|it| it.method == "POST" && it.path == "/flags"));
    receiver.received().iter().map(backout_testkit::receiver::Received::json).collect()
}

fn falls_back_to(port: u16) -> String {
    // The address is a secret: whoever knows it can switch.
    format!("    fallback: {{ webhook: 'file:flags.url', timeout: 2s }} # {port}\n")
}

fn is_on(place: &Place) -> bool {
    place.run(&["fallback", "list", "--json"]).well().document()["fallbacks"][0]["on_since"].is_string()
}

#[test]
fn its_address_hears_that_it_is_on_and_later_that_it_is_off() {
    let receiver = receiver(0);
    let running = guarded("{ matrix: [{ then: fall_back }] }", &falls_back_to(receiver.port()));
    let place = &running.0;
    place.write("flags.url", &receiver.url("/flags"));
    let left = goes_bad(place, &[]);
    assert_eq!(left.code, Some(3), "{}", left.shown());
    assert_eq!(bodies(&receiver), [json!({ "fallback": "environment", "on": true })]);
    assert!(is_on(place));
    assert!(!left.shown().contains(&receiver.port().to_string()), "{}", left.shown());

    // The receiver is away when it shall be off: that is said, it stays on, and off can be asked for again.
    let port = receiver.port();
    drop(receiver);
    let off = place.run(&["fallback", "off"]);
    assert_ne!(off.code, Some(0), "{}", off.shown());
    assert!(off.stderr.contains("nothing was switched, as far as is known"), "{}", off.shown());
    assert!(is_on(place));
    let receiver = self::receiver(port);
    place.run(&["fallback", "off"]).well();
    assert_eq!(bodies(&receiver), [json!({ "fallback": "environment", "on": false })]);
    assert!(!is_on(place));
}

#[test]
fn where_its_address_does_not_answer_or_refuses_what_is_usual_is_done() {
    let answers: [fn() -> Option<HttpReceiver>; 3] = [
        || None,
        || Some(HttpReceiver::start(|_| Answer::Say(503, "no".to_owned())).unwrap()),
        || Some(HttpReceiver::start(|_| Answer::Silence).unwrap()),
    ];
    let port = receiver(0).port();
    let running = guarded("{ matrix: [{ then: fall_back }] }", &falls_back_to(port));
    let place = &running.0;
    for (turn, answer) in answers.into_iter().enumerate() {
        let receiver = answer();
        let url = receiver.as_ref().map_or(format!("http://127.0.0.1:{port}/flags"), |it| it.url("/flags"));
        place.write("flags.url", &url);
        // What went bad before would go back at once.
        let left = goes_bad(place, &["--force", "quarantined"]);
        assert_eq!(left.code, Some(3), "{turn}: {}", left.shown());
        let document = left.document();
        let records = document["records"].as_array().unwrap();
        let switched: Vec<&Value> =
            records.iter().map(|it| &it["body"]).filter(|it| it["kind"] == "fallback_switched").collect();
        let stages: Vec<&Value> = switched.iter().map(|it| &it["switching"]["stage"]["is"]).collect();
        assert_eq!(stages, ["intended", "failed"], "{turn}: {switched:#?}");
        assert!(!is_on(place) && runs(place).contains("release 1"), "{turn}");
        let journal = fs::read(place.work().join(".backout/journal.db")).unwrap();
        let is_told = journal.windows(url.len()).any(|part| part == url.as_bytes());
        assert!(!is_told, "{turn}: the address is in the journal");
    }
}
