//! Killed while maintenance mode is switched.

use super::stage::Stage;

/// A slow command, and then a file that was there before.
const MAINTENANCE: &str = "    maintenance:\n      command: { on: [sh, -c, 'echo begins >> told; /bin/sleep 6; echo on >> told'], off: [sh, -c, 'echo off >> told'] }\n      file: { create: page, content: closed }\n";

fn stage() -> Stage {
    let stage = Stage::new("{ attempts: 1 }", MAINTENANCE);
    stage.place().write("page", "as it was\n");
    stage
}

fn page(stage: &Stage) -> String {
    stage.lines("page").join("\n")
}

/// The mode, by the journal's word.
fn mode(stage: &Stage) -> String {
    let status = stage.place().run(&["maintenance", "status", "--json"]).document();
    status["maintenance"]["mode"].as_str().unwrap().to_owned()
}

#[test]
fn the_last_resort_of_a_run_is_gone_on_with_and_off_restores_what_was() {
    let stage = stage();
    let guard = stage.guard("20s", "sh deploy.sh 2 && echo exit 1 > app/releases/1/start");
    stage.until("maintenance mode to be switched on", || stage.lines("told") == ["begins"]);
    stage.kill(guard);
    assert_eq!((mode(&stage), page(&stage)), ("partly".to_owned(), "as it was".to_owned()));
    let left = stage.resume();
    assert_eq!(left.code, Some(4), "{}", left.shown());
    assert_eq!(stage.result(), "not_verified", "{}", stage.told());
    assert_eq!((mode(&stage), page(&stage)), ("on".to_owned(), "closed".to_owned()));
    assert_eq!(stage.lines("told"), ["begins", "on", "begins", "on"], "{}", stage.told());
    stage.place().run(&["maintenance", "off"]).well();
    assert_eq!((mode(&stage), page(&stage)), ("off".to_owned(), "as it was".to_owned()));
    assert_eq!(stage.lines("told").last().unwrap(), "off");
}

#[test]
fn what_a_person_was_switching_is_switched_off_after_what_was_left_running() {
    let stage = stage();
    let on = stage.place().start(&["maintenance", "on"]);
    stage.until("maintenance mode to be switched on", || stage.lines("told") == ["begins"]);
    stage.kill(on);
    stage.again(&["maintenance", "off"]).well();
    assert_eq!((mode(&stage), page(&stage)), ("off".to_owned(), "as it was".to_owned()));
    assert_eq!(stage.lines("told"), ["begins", "on", "off"]);
}

#[test]
fn killed_after_the_file_was_switched_it_still_restores_the_former_one() {
    let stage = stage();
    let slow = "command: { on: [sh, -c, 'exit 0'], off: [sh, -c, 'exit 0'] }\n      file: { create: page, content: closed, reload: [sh, -c, 'echo begins >> told; /bin/sleep 6'] }";
    let config = std::fs::read_to_string(stage.place().work().join("backout.yaml")).unwrap();
    let (before, _) = config.split_once("command: { on").unwrap();
    stage.place().write("backout.yaml", &format!("{before}{slow}\n"));
    let on = stage.place().start(&["maintenance", "on"]);
    stage.until("the proxy to be told", || stage.lines("told") == ["begins"]);
    stage.kill(on);
    assert_eq!((mode(&stage), page(&stage)), ("partly".to_owned(), "closed".to_owned()));
    stage.again(&["maintenance", "on"]).well();
    assert_eq!(mode(&stage), "on");
    stage.place().run(&["maintenance", "off"]).well();
    assert_eq!((mode(&stage), page(&stage)), ("off".to_owned(), "as it was".to_owned()));
}
