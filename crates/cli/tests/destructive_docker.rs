//! The Docker Engine itself is restarted in the middle of things. Disturbs every test on the machine, so it runs alone.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]

use std::process::Command;
use std::time::Duration;

use backout_testkit::guarded::{Guarded, Service, wait_until};
use backout_testkit::skip::skip;

const SERVICES: [Service; 2] = [Service::new("db"), Service::new("app").depends_on(&["db"])];

/// Two services that run version 1, known to be good.
fn running_well(test: &str) -> Option<(Guarded, String)> {
    let mut guarded = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &SERVICES)?;
    guarded.configure("soak: 12s, dead_man: 5s");
    guarded.start_well();
    let good = guarded.one("app").image;
    Some((guarded, good))
}

/// Restarts the Docker Engine of the test-bed. False, with the skip counted, where it is not the test-bed's.
#[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
fn restart_docker(test: &str) -> bool {
    let mut command = match std::env::var_os("BACKOUT_XTASK") {
        Some(xtask) => Command::new(xtask),
        None => {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["run", "--quiet", "--package", "xtask", "--"]);
            cargo
        }
    };
    let output = command.args(["testbed", "restart", "docker"]).output().unwrap();
    if !output.status.success() {
        skip(test, &String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

fn await_kind(guarded: &Guarded, kind: &str) {
    wait_until(kind, Duration::from_secs(30), || guarded.journal().newest(kind).is_some());
}

/// Its containers go away with it, so the probes fail: whether the guard keeps the deploy or not, it says so, and what it
/// says is what runs.
#[test]
fn a_guard_comes_to_a_verified_end_although_docker_is_restarted_during_its_soak() {
    let test = "a_guard_comes_to_a_verified_end_although_docker_is_restarted_during_its_soak";
    let Some((guarded, good)) = running_well(test) else { return };
    let new = guarded.version("v2", "ok");
    let guard = guarded.guard(&guarded.deploy(&[("app", "v2")]));
    await_kind(&guarded, "after_seen");
    if !restart_docker(test) {
        return;
    }
    let ended = guard.wait();
    let (result, expected) = match ended.code {
        0 => ("kept", new),
        3 => ("rolled_back", good.clone()),
        _ => panic!("{}\n{}", ended.stdout, ended.stderr),
    };
    assert_eq!(guarded.journal().result().as_deref(), Some(result));
    wait_until("both services", Duration::from_secs(20), || {
        guarded.one("app").runs_well(&expected) && guarded.one("db").runs_well(&good)
    });
    guarded.backout(&["history", "--verify"]).expect_code(0);
}

/// The first switch is about to begin when Docker goes away.
#[test]
fn a_rollback_waits_for_docker_that_is_restarted_and_arrives() {
    let test = "a_rollback_waits_for_docker_that_is_restarted_and_arrives";
    let Some((mut guarded, good)) = running_well(test) else { return };
    let _ = guarded.version("v2", "ok");
    guarded.set(&[("db", "v2"), ("app", "v2")]);
    guarded.up(true);
    let run = guarded.start(&["rollback", "--yes"]);
    await_kind(&guarded, "file_replaced");
    if !restart_docker(test) {
        return;
    }
    run.wait().expect_code(0);
    assert!(guarded.all_run(&good), "{:?}", guarded.seen());
    guarded.backout(&["history", "--verify"]).expect_code(0);
}
