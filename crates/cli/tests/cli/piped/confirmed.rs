//! What a pipeline, or a person at a terminal, confirms before a deploy.

use std::fs;
use std::io::Write;

use crate::running::Running;

/// The demo's application, before whose deploys two things are asked.
fn asking() -> Running {
    let running = Running::new();
    let config = fs::read_to_string(running.0.work().join("backout.yaml")).unwrap();
    let asks = "asks: { tests: The whole suite has passed., review: Somebody has reviewed it. }";
    let with = match config.split_once("guard: {") {
        Some((before, after)) => format!("{before}guard: {{ {asks},{after}"),
        None => config.replace("    guard:\n", &format!("    guard:\n      {asks}\n")),
    };
    assert_ne!(config, with, "{config}");
    running.0.write("backout.yaml", &with);
    running
}

const DEPLOY: [&str; 4] = ["--", "sh", "deploy.sh", "1"];

#[test]
fn a_pipeline_confirms_by_name_and_the_record_says_who() {
    let running = asking();
    let guard = |said: &[&str]| running.0.run(&[&["guard", "--soak", "1s"], said, &DEPLOY].concat());
    let open = guard(&["--confirm", "tests"]);
    assert_eq!(open.code, Some(5), "{}", open.shown());
    assert!(
        open.shown().contains("not-confirmed") && open.shown().contains("Somebody has reviewed it."),
        "{}",
        open.shown()
    );
    assert!(open.shown().contains("--confirm review"), "{}", open.shown());
    let unknown = guard(&["--confirm", "test"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.shown());
    assert!(unknown.stderr.contains("`review`, `tests`"), "{}", unknown.shown());

    guard(&["--confirm", "tests=job 17, all of it", "--confirm", "review"]).well();
    let run = running.0.run(&["history", "--json"]).document()["runs"][0]["id"].as_str().unwrap().to_owned();
    let shown = running.0.run(&["show", &run]).well().stdout;
    assert!(shown.contains("`tests` is confirmed by ") && shown.contains(": job 17, all of it"), "{shown}");
    assert!(shown.contains("`review` is confirmed by "), "{shown}");
}

#[test]
fn a_person_is_asked_for_what_is_not_confirmed_yet() {
    let running = asking();
    let deploy = |answer: &str| {
        let (mut guard, said) = running.0.at_a_terminal("guard --soak 1s --confirm tests -- sh deploy.sh 1");
        // The terminal ends with its keyboard.
        let mut keyboard = guard.stdin.take().unwrap();
        keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
        let code = guard.wait().unwrap().code();
        (code, fs::read_to_string(said).unwrap())
    };
    let (code, said) = deploy("no");
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("Somebody has reviewed it. Type `yes` or `no`"), "{said}");
    assert!(!said.contains("The whole suite has passed. Type"), "{said}");
    let (code, said) = deploy("yes");
    assert_eq!(code, Some(0), "{said}");
}
