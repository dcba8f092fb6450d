//! In a hurry: a service that does not stop when told to gets one second, in place of its own grace.

use backout_testkit::guarded::{Guarded, Service};

const SERVICES: [Service; 1] = [Service::new("app").compose("stop_grace_period: 5s")];

/// How long it takes Docker to do what is asked, at most; far from the four seconds between the two.
const SLACK_MS: u64 = 3000;

#[test]
fn an_emergency_does_not_wait_for_what_ignores_the_signal_to_stop() {
    let test = "an_emergency_does_not_wait_for_what_ignores_the_signal_to_stop";
    let Some(mut guarded) = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &SERVICES) else { return };
    let _ = guarded.version("v2", "ignore-term");
    guarded.start_well();
    let good = guarded.one("app").image;
    let planned = switch_took(&mut guarded, &[]);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    let emergency = switch_took(&mut guarded, &["--emergency"]);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    assert!(planned >= 5000, "the service was not given its grace: {planned} ms");
    assert!(emergency < 1000 + SLACK_MS, "{emergency} ms, and {planned} ms as planned");
}

/// Goes back from a version that ignores the signal; how long the switch took, in milliseconds.
fn switch_took(guarded: &mut Guarded, options: &[&str]) -> u64 {
    guarded.set(&[("app", "v2")]);
    guarded.up(true);
    let before = guarded.journal().last();
    guarded.backout(&[&["rollback", "--yes"], options].concat()).expect_code(0);
    let ended = guarded.journal().since(before).into_iter().filter(|record| record.kind == "step_ended");
    ended.filter_map(|record| record.body["took_ms"].as_u64()).max().unwrap()
}
