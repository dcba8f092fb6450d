//! Killed while the command of a fallback runs.

use super::stage::Stage;

const FALLBACK: &str = "    fallback: { on: [sh, -c, 'echo begins >> told; /bin/sleep 6; echo on >> told'], off: [sh, -c, 'echo off >> told'] }\n";

/// A guard that is killed when it has begun to switch the fallback on.
fn killed() -> Stage {
    let stage = Stage::new("{ matrix: [{ then: fall_back }] }", FALLBACK);
    let guard = stage.guard("5s", "sh deploy.sh 2");
    stage.until("the fallback to be switched", || stage.lines("told") == ["begins"]);
    stage.kill(guard);
    stage
}

#[test]
fn the_command_that_was_left_running_is_waited_for_and_the_run_ends_as_if_nobody_had_been_killed() {
    let stage = killed();
    stage.resume();
    // It did not help, and there is nothing else to fall back to.
    assert_eq!(stage.result(), "rolled_back", "{}", stage.told());
    assert!(stage.runs("1"));
    // Nobody saw how the first one ended, so it is done once more; never two at a time.
    assert_eq!(stage.lines("told"), ["begins", "on", "begins", "on"], "{}", stage.told());
    let switched = stage.of("fallback_switched");
    let stages: Vec<&str> = switched.iter().filter_map(|it| it.text("/switching/stage/is")).collect();
    assert_eq!(stages, ["intended", "done"], "{}", stage.told());
    let seen = switched[1].body.to_string();
    assert!(seen.contains("one that was still running was waited for"), "{seen}");
    stage.place().run(&["fallback", "off"]).well();
    assert_eq!(stage.lines("told").last().unwrap(), "off");
}

#[test]
fn a_person_who_switches_it_off_is_not_overtaken_by_the_command_that_was_left_running() {
    let stage = killed();
    stage.again(&["fallback", "off"]).well();
    assert_eq!(stage.lines("told"), ["begins", "on", "off"]);
}
