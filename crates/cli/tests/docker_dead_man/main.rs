//! A guard that dies and nobody does anything: the dead-man's switch finishes the job, on real Docker Compose.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]

mod deploying;
mod soaking;
mod terminal;
mod unit;

use std::time::Duration;

use backout_testkit::guarded::{Guarded, JournalRecord, Service, wait_until};

/// How long a guard may be silent.
const DEAD_MAN: Duration = Duration::from_secs(5);
/// From the guard's death to the old version, healthy.
const BACK_WITHIN: Duration = Duration::from_secs(15);

/// A service that runs version 1, known to be good, with a guard that may be silent for [`DEAD_MAN`].
fn running_well(test: &str) -> Option<(Guarded, String)> {
    let mut guarded = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &[Service::new("app")])?;
    guarded.configure(&format!("soak: 6s, dead_man: {}s", DEAD_MAN.as_secs()));
    guarded.start_well();
    let good = guarded.one("app").image;
    Some((guarded, good))
}

/// Waits until a record of that kind is there, and answers with it.
fn await_kind(guarded: &Guarded, kind: &str) -> JournalRecord {
    wait_until(kind, Duration::from_secs(30), || guarded.journal().newest(kind).is_some());
    guarded.journal().newest(kind).unwrap()
}

/// Waits until the run has ended, and answers with its result.
fn await_result(guarded: &Guarded) -> String {
    let ended = await_kind(guarded, "run_ended");
    ended.text("/result").unwrap().to_owned()
}

/// Asserts that the switch took over, and nobody else.
fn assert_taken_over(guarded: &Guarded) {
    let taken: Vec<JournalRecord> =
        guarded.journal().since(0).into_iter().filter(|record| record.kind == "taken_over").collect();
    let by: Vec<&str> = taken.iter().filter_map(|record| record.text("/by")).collect();
    assert!(matches!(by.as_slice(), [one] if one.contains("dead-man's switch")), "{by:?}");
}

/// Asserts that nothing of the switch is left when its work is done.
fn assert_switch_ends(guarded: &Guarded) {
    let pid = guarded.journal().newest("armed").unwrap().body["pid"].as_u64().unwrap();
    wait_until("the switch to end", Duration::from_secs(10), || !is_running(pid));
}

/// Whether a process of that id runs; one that nobody has waited for yet does not.
fn is_running(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}
