//! What a killed rollback leaves behind in the middle of a switch: a `docker compose up` that still runs, or a switch that
//! has arrived and that nobody recorded.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use backout_testkit::guarded::{Creations, Guarded, Service, wait_until};

use crate::records::switch_under_way;

/// It ignores the signal to stop, so that bringing the old version up takes as long as its grace.
const SERVICES: [Service; 1] = [Service::new("app").compose("stop_grace_period: 4s")];

/// Compose is still waiting for the bad container to stop when the lease of the killed process expires.
#[test]
fn what_a_killed_rollback_left_running_does_not_race_with_its_successor() {
    let test = "what_a_killed_rollback_left_running_does_not_race_with_its_successor";
    let Some(mut guarded) = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &SERVICES) else { return };
    guarded.configure("soak: 2s, dead_man: 2s");
    let _ = guarded.version("v2", "ignore-term");
    guarded.start_well();
    let good = guarded.one("app").image;
    guarded.set(&[("app", "v2")]);
    guarded.up(false);
    let creations = Creations::of(&guarded);
    let before = guarded.journal().last();
    let mut run = guarded.start(&["rollback", "--yes"]);
    // Both containers are there: the new one is made before the old one is told to stop.
    wait_until("the new container", Duration::from_secs(20), || {
        assert!(run.is_running(), "{:#?}", guarded.journal().since(before));
        guarded.seen_of("app").len() == 2
    });
    run.kill();
    resume(&guarded);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    assert_eq!(guarded.journal().result().as_deref(), Some("rolled_back"));
    let created = creations.count();
    assert!((1..=2).contains(&created["app"]), "{created:?}");
    let failed = |record: &&backout_testkit::guarded::JournalRecord| record.text("/outcome/is") == Some("failed");
    let records = guarded.journal().since(before);
    let failures: Vec<_> = records.iter().filter(failed).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The process is killed the moment that Docker tells of the new container's start. Where the record of it was quicker, that
/// is done again.
#[test]
fn a_switch_that_had_arrived_when_its_process_was_killed_is_not_repeated() {
    let test = "a_switch_that_had_arrived_when_its_process_was_killed_is_not_repeated";
    let Some(mut guarded) = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &SERVICES) else { return };
    guarded.configure("soak: 2s, dead_man: 2s");
    let _ = guarded.version("v2", "ok");
    guarded.start_well();
    let good = guarded.one("app").image;
    let is_within = (0..5).any(|_| {
        guarded.set(&[("app", "v2")]);
        guarded.up(false);
        let before = guarded.journal().last();
        let run = guarded.start(&["rollback", "--yes"]);
        await_start(&guarded);
        run.kill();
        let arrived = guarded.one("app");
        assert_eq!(arrived.image, good);
        let is_within = switch_under_way(&guarded.journal().since(before)).is_some();
        resume(&guarded);
        let now = guarded.one("app");
        assert_eq!((now.id, now.started_at), (arrived.id, arrived.started_at));
        is_within
    });
    assert!(is_within, "the record of the switch was always quicker");
}

/// Goes on as soon as the lease of the killed process lets somebody.
fn resume(guarded: &Guarded) {
    wait_until("the lease of the killed process to expire", Duration::from_secs(10), || {
        let ended = guarded.backout(&["resume"]);
        assert!([0, 7].contains(&ended.code), "{ended:?}");
        ended.code == 0
    });
}

/// Waits until Docker tells that a container of the project was started.
#[expect(clippy::disallowed_methods, reason = "a test looks at Docker without the adapters that it tests")]
fn await_start(guarded: &Guarded) {
    let project = format!("label=com.docker.compose.project={}", guarded.project().name());
    let mut events = Command::new("docker")
        .args(["events", "--filter", &project, "--filter", "event=start", "--format", "{{.ID}}"])
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(events.stdout.take().unwrap()).read_line(&mut line).unwrap();
    events.kill().unwrap();
    events.wait().unwrap();
    assert!(!line.is_empty(), "Docker stopped telling");
}
