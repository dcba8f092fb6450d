//! What goes wrong around a guard, on real Docker Compose: disks, rivals, and a person's Ctrl-C.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]

mod disk;
mod interrupt;
mod rivals;

use std::time::Duration;

use backout_testkit::guarded::{Guarded, JournalRecord, Service, wait_until};

/// A service that runs version 1, known to be good.
fn running_well(test: &str) -> Option<(Guarded, String)> {
    let mut guarded = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &[Service::new("app")])?;
    guarded.start_well();
    let good = guarded.one("app").image;
    Some((guarded, good))
}

/// Waits until a record of that kind is there, and answers with it.
fn await_kind(guarded: &Guarded, kind: &str) -> JournalRecord {
    wait_until(kind, Duration::from_secs(30), || guarded.journal().newest(kind).is_some());
    guarded.journal().newest(kind).unwrap()
}
