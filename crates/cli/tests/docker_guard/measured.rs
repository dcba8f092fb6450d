//! Versions that are bad in a way that no health check sees: by what they log, and by what they use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backout_core::journal::{Body, RunResult};
use backout_core::policy::Verdict;

use crate::stage::{Ran, Stage, get};

const GUARD: &str = "    guard: { soak: 20s, dead_man: 5s, every: 250ms }";

/// What was found in the watch, in words.
fn found(ran: &Ran) -> String {
    ran.find(|body| match body {
        Body::Judged { judgement } => Some(judgement.findings.iter().map(|f| format!("{}\n", f.what)).collect()),
        _ => None,
    })
    .unwrap()
}

#[test]
fn a_healthy_version_that_logs_errors_is_rolled_back() {
    let Some(stage) = Stage::set("a_healthy_version_that_logs_errors_is_rolled_back") else { return };
    stage.configure(&[
        GUARD,
        "    signals:\n      log_errors: { logs: { services: [app], matching: [\"answered 5[0-9]+\"], window: 10s }, every: 1s }",
        "    triggers:\n      logged: { signal: log_errors, above: 0.5, consecutive: 2 }",
    ]);
    let good = stage.image("good", "ok");
    // Its health is well; every other request fails, and it says so in its log.
    let _ = stage.image("bad", "errors:500");
    stage.up("good");
    let is_over = AtomicBool::new(false);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let _ = get(stage.port, "/");
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let ran = stage.guard(&stage.deploy("bad"));
        is_over.store(true, Ordering::SeqCst);
        ran
    });
    ran.ended(3, RunResult::RolledBack);
    ran.is_verified();
    assert_eq!(stage.running("app"), [good], "{ran}");
    assert!(found(&ran).starts_with("log_errors 2 times in a row: "), "{}", found(&ran));
}

#[test]
fn a_version_that_takes_more_and_more_memory_is_rolled_back() {
    let Some(stage) = Stage::set("a_version_that_takes_more_and_more_memory_is_rolled_back") else { return };
    stage.compose_file(&stage.app("    mem_limit: 256m\n"));
    stage.configure(&[GUARD, "    triggers:\n      full: { signal: app.memory, above: 40MB, consecutive: 2 }"]);
    let good = stage.image("good", "ok");
    let _ = stage.image("bad", "leak:2048");
    stage.up("good");
    let ran = stage.guard(&stage.deploy("bad"));
    ran.ended(3, RunResult::RolledBack);
    assert_eq!(stage.running("app"), [good], "{ran}");
    let found = found(&ran);
    assert!(found.starts_with("app.memory 2 times in a row: "), "{found}");
    assert!(found.contains(" of 268.435 MB"), "{found}");
}

/// What a check after a rollback came to.
fn checked(ran: &Ran, name: &str) -> (Verdict, String) {
    ran.find(|body| match body {
        Body::Verified { checks, .. } => checks.iter().find(|check| check.name == name),
        _ => None,
    })
    .map_or_else(|| panic!("no check `{name}`: {ran}"), |check| (check.verdict, check.what.clone()))
}

#[test]
fn what_is_logged_and_what_runs_in_containers_is_looked_at_after_a_rollback() {
    let name = "what_is_logged_and_what_runs_in_containers_is_looked_at_after_a_rollback";
    let Some(stage) = Stage::set(name) else { return };
    let verify = |not: &str, address: &str| {
        let smoke = format!("exec: [/app, --healthcheck, \"http://127.0.0.1:{address}\"], in: container, service: app");
        format!(
            "    verify:\n      smoke: [{{ name: inside, {smoke}, advisory: true }}]\n      logs: {{ services: [app], not: \
             [\"{not}\"] }}"
        )
    };
    let good = stage.image("good", "ok");
    let _ = stage.image("bad", "fail-after:500");
    let _ = stage.image("worse", "fail-after:600");
    stage.configure(&[&verify("answered 5", "8080/health")]);
    stage.up("good");

    // What the bad version has logged went with it.
    let ran = stage.guard(&stage.deploy("bad"));
    ran.ended(3, RunResult::RolledBack);
    let (verdict, what) = checked(&ran, "log of app");
    assert_eq!(verdict, Verdict::Healthy, "{what}");
    assert!(what.starts_with("none of ") && !what.starts_with("none of 0 "), "it was not read: {what}");
    assert_eq!(checked(&ran, "smoke check inside").0, Verdict::Healthy, "{ran}");

    // The good version itself logs what it must not, and the check in its container asks for what is not there.
    stage.configure(&[&verify("listening on", "1/")]);
    let ran = stage.guard(&stage.deploy("worse"));
    ran.ended(4, RunResult::NotVerified);
    let (verdict, what) = checked(&ran, "log of app");
    assert_eq!(verdict, Verdict::Unhealthy, "{what}");
    assert!(what.contains("1 match `listening on`"), "{what}");
    assert_eq!(checked(&ran, "smoke check inside").0, Verdict::Unhealthy, "{ran}");
    assert_eq!(stage.running("app"), [good], "{ran}");
}
