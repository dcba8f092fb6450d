//! `backout maintenance`: on, off, and exactly as it was.

use std::fs;

use super::page::Proxy;
use crate::place::Place;

/// A place whose maintenance mode is switched so.
pub(super) fn place(maintenance: &str) -> Place {
    let place = Place::new();
    place.write(
        "backout.yaml",
        &format!(
            "version: 1\nproject: shop\nenvironments:\n  staging:\n    services:\n      web:\n        platform: {{ exec: {{}} }}\n        \
             observe: [sh, -c, 'exit 1']\n        capture: [sh, -c, 'exit 1']\n        restore: [sh, -c, 'exit 1']\n    \
             maintenance: {maintenance}\n"
        ),
    );
    place
}

fn mode(place: &Place) -> String {
    place.run(&["maintenance", "status", "--json"]).document()["maintenance"]["mode"].as_str().unwrap().to_owned()
}

#[test]
fn a_page_that_a_file_brings_up_is_seen_to_be_up_and_down() {
    let scratch = Place::new();
    let proxy = Proxy::looking_at(scratch.work().join("flag"));
    let flag = scratch.work().join("flag");
    let port = proxy.port;
    let place = place(&format!(
        "{{ file: {{ create: \"{}\", content: closed }}, page: {{ http: \"http://127.0.0.1:{port}/\", expect: {{ status: 503 }} }} }}",
        flag.display()
    ));
    assert_eq!(place.run(&["maintenance", "status"]).well().stdout, "maintenance mode is off\n");
    for _ in 0..2 {
        place.run(&["maintenance", "on", "--reason", "the disk is full"]).well();
        assert_eq!(fs::read_to_string(&flag).unwrap(), "closed");
    }
    let told = place.run(&["maintenance", "status"]).well().stdout;
    assert!(told.starts_with("maintenance mode is on, by tester@"), "{told}");
    assert!(told.contains(": the disk is full") && told.contains("page: "), "{told}");
    for _ in 0..2 {
        place.run(&["maintenance", "off"]).well();
        assert!(!flag.exists());
    }
    assert_eq!(mode(&place), "off");
}

#[test]
fn a_page_that_does_not_show_is_not_said_to_be_up() {
    let scratch = Place::new();
    let proxy = Proxy::looking_at(scratch.work().join("another"));
    let port = proxy.port;
    let place = place(&format!(
        "{{ file: {{ create: flag }}, page: {{ http: \"http://127.0.0.1:{port}/\", expect: {{ status: 503 }} }} }}"
    ));
    let on = place.run(&["maintenance", "on"]);
    assert_eq!(on.code, Some(6), "{}", on.shown());
    assert!(on.stderr.contains("page: ") && on.stderr.contains("maintenance on`"), "{}", on.shown());
    assert_eq!(mode(&place), "partly");
    place.run(&["maintenance", "off"]).well();
    assert_eq!(mode(&place), "off");
}

#[test]
fn a_link_that_is_switched_leads_where_it_led_again() {
    let place = place("{ file: { link: site, to: closed } }");
    std::os::unix::fs::symlink("open", place.work().join("site")).unwrap();
    let leads = || fs::read_link(place.work().join("site")).unwrap().display().to_string();
    place.run(&["maintenance", "on"]).well();
    assert_eq!(leads(), "closed");
    place.run(&["maintenance", "off"]).well();
    assert_eq!(leads(), "open");
}

#[test]
fn a_file_whose_removal_is_refused_by_the_check_is_there_as_it_was() {
    let place = place("{ file: { remove: up, check: [sh, -c, 'echo half a proxy >&2; exit 1'] } }");
    place.write("up", "since yesterday");
    let on = place.run(&["maintenance", "on"]);
    assert_eq!(on.code, Some(6), "{}", on.shown());
    assert!(on.stderr.contains("half a proxy"), "{}", on.shown());
    assert_eq!(fs::read_to_string(place.work().join("up")).unwrap(), "since yesterday");
}

#[test]
fn a_command_is_run_for_on_and_its_counterpart_for_off() {
    let place = place("{ command: { on: 'echo on >> told', off: 'echo off >> told' } }");
    place.run(&["maintenance", "on"]).well();
    place.run(&["maintenance", "off"]).well();
    assert_eq!(fs::read_to_string(place.work().join("told")).unwrap(), "on\noff\n");
}

#[test]
fn what_is_no_longer_configured_is_not_forgotten() {
    let place = place("{ file: { create: flag } }");
    place.run(&["maintenance", "on"]).well();
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    place.write("backout.yaml", &config.replace("create: flag", "create: another"));
    let off = place.run(&["maintenance", "off"]);
    assert_eq!(off.code, Some(6), "{}", off.shown());
    assert!(off.stderr.contains("no longer in the configuration"), "{}", off.shown());
    place.write("backout.yaml", &config);
    place.run(&["maintenance", "off"]).well();
    assert!(!place.work().join("flag").exists());
}

#[test]
fn without_a_configuration_it_is_said_what_to_write() {
    let place = place("{ file: { create: flag } }");
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    place.write("backout.yaml", config.split("    maintenance:").next().unwrap());
    let on = place.run(&["maintenance", "on"]);
    assert_eq!(on.code, Some(2), "{}", on.shown());
    assert!(on.stderr.contains("maintenance: { file:"), "{}", on.shown());
}
