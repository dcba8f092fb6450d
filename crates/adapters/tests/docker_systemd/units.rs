//! What happens to a unit, seen from the machine that it runs on.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use backout_core::inventory::{InstanceState, Seen};
use backout_core::port::{LogSpan, Platform, PlatformEvent};

use crate::machine::inside;
use crate::world::{GRACE, UNIT, Way, World, until};

/// Runs until it is stopped, from wherever `current` pointed to when it started.
const SLEEPS: &str =
    "WorkingDirectory={root}/current\nExecStart=/bin/sh -c 'echo version $(cat app.txt); exec sleep 1000'";

fn exited(code: i64) -> InstanceState {
    InstanceState::Exited { code, out_of_memory: false }
}

/// Each test over the bus and through `systemctl`.
macro_rules! both_ways {
    ($($over_the_bus:ident, $through_systemctl:ident: $scenario:ident;)+) => {$(
        #[tokio::test]
        async fn $over_the_bus() {
            inside(concat!("units::", stringify!($over_the_bus)), Way::Bus, $scenario).await;
        }

        #[tokio::test]
        async fn $through_systemctl() {
            inside(concat!("units::", stringify!($through_systemctl)), Way::Systemctl, $scenario).await;
        }
    )+};
}

both_ways! {
    a_restart_is_a_new_process_over_the_bus, a_restart_is_a_new_process_through_systemctl: restart;
    a_failed_unit_has_its_exit_code_over_the_bus, a_failed_unit_has_its_exit_code_through_systemctl: failure;
    a_unit_that_does_not_start_is_an_error_over_the_bus, a_unit_that_does_not_start_is_an_error_through_systemctl: no_start;
    a_stopped_unit_does_not_run_over_the_bus, a_stopped_unit_does_not_run_through_systemctl: stop;
    a_unit_that_will_not_stop_is_killed_after_the_grace_over_the_bus,
        a_unit_that_will_not_stop_is_killed_after_the_grace_through_systemctl: stubborn;
    an_unknown_unit_is_absent_and_not_restarted_over_the_bus,
        an_unknown_unit_is_absent_and_not_restarted_through_systemctl: unknown;
    a_switch_runs_the_good_release_over_the_bus, a_switch_runs_the_good_release_through_systemctl: switch;
    what_a_unit_uses_is_told_over_the_bus, what_a_unit_uses_is_told_through_systemctl: used;
    what_failed_again_and_again_is_started_as_if_it_never_had_over_the_bus,
        what_failed_again_and_again_is_started_as_if_it_never_had_through_systemctl: anew;
}

async fn restart(world: World) {
    world.unit(UNIT, SLEEPS);
    for _ in 0..3 {
        let before = (world.property("MainPID"), world.property("InvocationID"));
        world.restart().await.unwrap();
        let after = (world.property("MainPID"), world.property("InvocationID"));
        assert!(before.0 != after.0 && before.1 != after.1, "{before:?} {after:?}");
        let running = world.running().await;
        assert!(running.is_well(), "{running:?}");
        assert_eq!(running.instances[0].id, UNIT);
    }
    let since = world.running().await.instances[0].since.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.restart().await.unwrap();
    let later = world.running().await.instances[0].since.unwrap();
    assert!(later.as_millisecond() - since.as_millisecond() >= 250, "{since} {later}");
}

#[tokio::test]
async fn what_a_unit_logs_is_read_from_the_journal() {
    // The bus has nothing to do with it, and `journalctl` is not where only the bus is.
    inside("units::what_a_unit_logs_is_read_from_the_journal", Way::Systemctl, logged).await;
}

async fn logged(world: World) {
    world.unit(UNIT, "ExecStart=/bin/sh -c 'echo ERROR 500; exec sleep 1000'");
    world.restart().await.unwrap();
    let logged = async |since: &str| {
        let (span, mut log) = (LogSpan { since: since.parse().unwrap(), at_most: Some(100) }, Vec::new());
        let mut sink = |piece: &[u8]| log.extend_from_slice(piece);
        world.platform.logs(&world.service, span, &mut sink).await.unwrap();
        String::from_utf8(log).unwrap()
    };
    until(GRACE, async || logged("2020-01-01T00:00:00.5Z").await.lines().any(|line| line == "ERROR 500")).await;
    assert_eq!(logged("2200-01-01T00:00:00Z").await, "", "nothing is from then on");
}

/// Processor time is counted where the machine's kernel does it for groups, which one in a container need not.
async fn used(world: World) {
    world.unit(UNIT, "ExecStart=/bin/sleep 1000\nMemoryAccounting=yes");
    world.restart().await.unwrap();
    let usage = world.platform.usage(&world.service).await.unwrap();
    assert_eq!((usage.len(), usage[0].id.as_str()), (1, UNIT));
    assert!(usage[0].memory.is_some_and(|used| used > 0.0), "{usage:?}");
    assert!(usage[0].memory_limit.is_some_and(|limit| limit > 1e6), "{usage:?}");
    world.unit(UNIT, "ExecStart=/bin/true");
    world.restart().await.unwrap();
    until(GRACE, async || world.platform.usage(&world.service).await.unwrap().is_empty()).await;
}

async fn failure(world: World) {
    world.unit(UNIT, "ExecStart=/bin/sh -c 'exit 3'");
    world.restart().await.unwrap();
    until(GRACE, async || world.state().await == exited(3)).await;
    world.unit(UNIT, "ExecStart=/bin/sh -c 'kill -9 $$$$'");
    world.restart().await.unwrap();
    until(GRACE, async || world.state().await == exited(137)).await;
    world.unit(UNIT, "ExecStart=/bin/sh -c 'sleep 0.2; exit 4'\nRestart=on-failure\nRestartSec=1");
    world.restart().await.unwrap();
    until(GRACE, async || world.state().await == InstanceState::Restarting).await;
    until(GRACE, async || world.running().await.instances[0].restarts == 1).await;
}

/// systemd goes on counting where a unit is started that it was about to start itself, and refuses to start one that has
/// failed too often: neither is the good version's doing.
async fn anew(world: World) {
    let fails = "ExecStart=/bin/sh -c 'exit 3'\nRestart=on-failure\nRestartSec=";
    world.unit(UNIT, &format!("{fails}1"));
    world.restart().await.unwrap();
    until(GRACE, async || world.state().await == InstanceState::Restarting).await;
    until(GRACE, async || world.running().await.instances[0].restarts == 2).await;
    until(GRACE, async || world.state().await == InstanceState::Restarting).await;
    world.unit(UNIT, SLEEPS);
    world.restart().await.unwrap();
    let running = world.running().await;
    assert_eq!((running.is_well(), running.instances[0].restarts), (true, 0), "{running:?}");

    world.unit(UNIT, &format!("{fails}0"));
    world.restart().await.unwrap();
    until(GRACE, async || world.property("ActiveState") == "failed").await;
    world.unit(UNIT, SLEEPS);
    world.restart().await.unwrap();
    assert!(world.running().await.is_well());
}

async fn no_start(world: World) {
    world.unit(UNIT, "Type=oneshot\nExecStart=/bin/sh -c 'exit 3'");
    let error = world.restart().await.unwrap_err();
    assert!(error.what.contains(UNIT) && error.what.contains("restart"), "{error:?}");
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("journalctl")), "{error:?}");
    assert_eq!(world.state().await, exited(3));
}

async fn stop(world: World) {
    world.unit(UNIT, SLEEPS);
    world.restart().await.unwrap();
    world.stop(GRACE).await.unwrap();
    assert_eq!(world.property("ActiveState"), "inactive");
    assert!(!world.running().await.is_well());
    assert_ne!(world.state().await, InstanceState::Running);
    world.restart().await.unwrap();
    assert!(world.running().await.is_well());
}

async fn stubborn(world: World) {
    world.unit(UNIT, "ExecStart=/bin/sh -c 'trap \"\" TERM; sleep 1000 & while :; do sleep 1000; done'");
    world.restart().await.unwrap();
    let before = world.property("MainPID");
    tokio::time::sleep(Duration::from_millis(200)).await;
    #[expect(clippy::disallowed_methods, reason = "the test measures real time")]
    let start = Instant::now();
    world.platform.restart(&world.service, Some(500)).await.unwrap();
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(5), "{took:?}");
    assert!(world.running().await.is_well());
    assert_ne!(world.property("MainPID"), before);
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.stop(Duration::ZERO).await.unwrap();
    assert_eq!(world.property("MainPID"), "0");
}

async fn unknown(world: World) {
    assert_eq!(world.seen().await, Seen::Absent);
    for error in [world.restart().await.unwrap_err(), world.stop(GRACE).await.unwrap_err()] {
        assert!(error.what.contains("`app.service`"), "{error:?}");
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("daemon-reload")), "{error:?}");
    }
}

async fn switch(world: World) {
    world.unit(UNIT, SLEEPS);
    world.restart().await.unwrap();
    let good = world.capture().await;
    assert_eq!(good.version.code, "release:1");
    world.deploy("2");
    assert_eq!(world.code().await, "release:1", "what runs is what was started");
    world.restart().await.unwrap();
    assert_eq!((world.code().await.as_str(), version_in_process(&world).await.as_str()), ("release:2", "2"));
    world.go_back(&good).await.unwrap();
    assert_eq!((world.code().await.as_str(), version_in_process(&world).await.as_str()), ("release:1", "1"));
}

/// What the process itself has before its eyes. systemd calls it started before it has moved to its folder.
async fn version_in_process(world: &World) -> String {
    let file = format!("/proc/{}/cwd/app.txt", world.property("MainPID"));
    until(GRACE, async || Path::new(&file).exists()).await;
    std::fs::read_to_string(file).unwrap()
}

#[tokio::test]
async fn evidence_holds_what_the_unit_printed() {
    inside("units::evidence_holds_what_the_unit_printed", Way::Systemctl, evidence).await;
}

async fn evidence(world: World) {
    world.unit(UNIT, SLEEPS);
    world.restart().await.unwrap();
    let read = async || {
        let files = world.platform.evidence(&world.service).await;
        files.into_iter().map(|file| (file.name, String::from_utf8(file.content).unwrap())).collect::<Vec<_>>()
    };
    // The journal takes its time.
    until(GRACE, async || read().await[1].1.contains("version 1")).await;
    let files = read().await;
    assert_eq!((files[0].0.as_str(), files[1].0.as_str()), ("app.service.status.txt", "app.service.log"));
    assert!(files[0].1.contains("active (running)"), "{}", files[0].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_told_by_the_bus_at_once() {
    inside("units::a_crash_is_told_by_the_bus_at_once", Way::Bus, async |world| {
        world.unit(UNIT, SLEEPS);
        let (sender, told) = mpsc::channel();
        let platform = world.patient();
        tokio::spawn(async move {
            platform.events(Box::new(move |event| drop(sender.send(event)))).await;
        });
        for code in [9, 6, 9] {
            world.restart().await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            while told.try_recv().is_ok() {}
            let took = crash(&world, code, &told);
            println!("told after {took:?}");
            assert!(took < Duration::from_millis(500), "{took:?}");
        }
    })
    .await;
}

/// Ends the main process by a signal; returns how long it took until that was told.
#[expect(clippy::disallowed_methods, reason = "the test measures real time, and kills")]
fn crash(world: &World, signal: i32, told: &mpsc::Receiver<PlatformEvent>) -> Duration {
    let pid = world.property("MainPID");
    let killed = std::process::Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status().unwrap();
    assert!(killed.success());
    let start = Instant::now();
    let wanted = format!("{UNIT} ended with exit code {}", 128 + signal);
    while let Ok(event) = told.recv_timeout(Duration::from_secs(2)) {
        if matches!(&event, PlatformEvent::Moved { what, .. } if what.contains(&wanted)) {
            return start.elapsed();
        }
    }
    panic!("nobody told of the crash");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_went_away_is_found_again() {
    inside("units::a_bus_that_went_away_is_found_again", Way::Bus, async |world| {
        world.unit(UNIT, SLEEPS);
        world.restart().await.unwrap();
        world.systemctl(&["restart", "dbus.service"]);
        until(GRACE, async || matches!(world.seen().await, Seen::Present(_))).await;
        world.restart().await.unwrap();
        assert!(world.running().await.is_well());
    })
    .await;
}
