//! Smoke checks, logs and answers after a rollback, and an observation that a person ends.

use std::fs;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::running::Running;

/// Version 2 runs, version 1 is the last known good, and `verify` of the configuration is this.
fn deployed(verify: &str) -> Running {
    let running = Running::new();
    let place = &running.0;
    let config = fs::read_to_string(place.work().join("backout.yaml")).unwrap();
    place.write("backout.yaml", &format!("{}\n    verify: {verify}\n", config.trim_end()));
    place.run(&["checkpoint", "create"]).well();
    place.script("deploy.sh", "2").well();
    running
}

#[test]
fn a_check_that_only_a_person_can_make_is_left_open_and_answered_later() {
    let running = deployed("{ manual: { login: \"Log in as a test user.\" } }");
    let place = &running.0;
    let back = place.run(&["rollback", "--yes"]).well();
    assert!(back.stderr.contains("open: Log in as a test user."), "{}", back.shown());
    let open = place.run(&["verify"]).well();
    assert!(open.stdout.contains("undecided: manual check login"), "{}", open.shown());

    assert_eq!(place.run(&["verify", "--answer", "login=perhaps"]).code, Some(2));
    let unknown = place.run(&["verify", "--answer", "mail=yes"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("there is no manual check `mail`"), "{}", unknown.shown());

    assert_eq!(place.run(&["verify", "--answer", "login=no"]).code, Some(6));
    let refuted = place.run(&["verify"]);
    assert_eq!(refuted.code, Some(6), "{}", refuted.shown());
    assert!(refuted.stdout.contains("FAILS: manual check login"), "{}", refuted.shown());
    let incident = || place.run(&["incident", "show", "--json"]).well().document();
    assert_eq!(incident()["incident"]["status"], "investigating", "{}", incident());
    let id = incident()["incident"]["id"].as_str().unwrap().to_owned();
    assert!(place.run(&["incident", "check", &id]).well().stdout.contains("[!] login "), "{}", incident());

    place.run(&["incident", "check", &id, "login"]).well();
    assert_eq!(incident()["incident"]["status"], "restored", "{}", incident());
    place.run(&["verify"]).well();
    let shown = place.run(&["show"]).well();
    assert!(shown.stdout.contains("`login` DOES NOT HOLD, says"), "{}", shown.shown());
}

#[test]
fn a_smoke_command_and_a_log_that_fail_keep_a_rollback_from_being_called_one() {
    let smoke = "{ name: front, exec: [sh, -c, \"echo panic >> app.log; exit 3\"], advisory: true }";
    let running = deployed(&format!("{{ smoke: [{smoke}], logs: {{ files: [app.log], not: [panic] }} }}"));
    let place = &running.0;
    place.write("app.log", "panic: of the version that is gone\n");
    let back = place.run(&["rollback", "--yes"]);
    assert_eq!(back.code, Some(4), "{}", back.shown());
    assert!(back.stderr.contains("of 1 lines 1 match `panic`"), "{}", back.shown());
    assert!(back.stderr.contains("fails, and is no matter: smoke check front"), "{}", back.shown());
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

#[test]
fn an_observation_that_a_person_ends_is_recorded_and_takes_nothing_from_what_was_verified() {
    let running = deployed("{ observe: 10m }");
    let place = &running.0;
    let child = place.start(&["rollback", "--yes"]);
    let is_observed = || place.run(&["show", "--json"]).stdout.contains("observation_started");
    let begun = (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        is_observed()
    });
    assert!(begun, "{}", place.run(&["show"]).shown());
    assert!(place.run(&["incident", "list"]).well().stdout.contains("monitoring"));
    interrupt(&child);
    let left = place.left(child.wait_with_output().unwrap()).well();
    assert!(left.stderr.contains("not observed to the end, only for"), "{}", left.shown());

    place.script("deploy.sh", "2").well();
    let quick = place.run(&["rollback", "--yes", "--no-observe"]).well();
    assert!(!quick.stderr.contains("observing"), "{}", quick.shown());
}
