//! Versions that are bad in different ways: each is noticed, taken back, and verified.

use backout_core::inventory::Grade;
use backout_core::journal::{Body, RunResult};

use crate::stage::Stage;

/// Guards a deploy of an image in a bad mode over a healthy one, and asserts that the healthy one is back.
fn goes_back(stage: &Stage, mode: &str) {
    let good = stage.image("good", "ok");
    let bad = stage.image("bad", mode);
    stage.up("good");

    let ran = stage.guard(&stage.deploy("bad"));

    ran.ended(3, RunResult::RolledBack);
    ran.is_verified();
    assert_ne!(good, bad);
    assert_eq!(stage.running("app"), [good], "{ran}");
    assert_eq!(stage.answer("/version").as_deref(), Some("good"));
    let deployed = ran.find(|body| match body {
        Body::AfterSeen { facts, .. } => Some(facts[0].version()?.code.clone()),
        _ => None,
    });
    assert_eq!(deployed.as_deref(), Some(bad.as_str()), "the bad version was never there: {ran}");
    let grades: Vec<Grade> = ran.checkpoints.iter().map(|graded| graded.grade).collect();
    assert_eq!(grades, [Grade::Good, Grade::Bad], "{ran}");
}

#[test]
fn a_version_that_exits_at_its_start_is_rolled_back() {
    let Some(stage) = Stage::set("a_version_that_exits_at_its_start_is_rolled_back") else { return };
    goes_back(&stage, "crash-on-start");
}

#[test]
fn a_version_that_is_unhealthy_by_its_own_health_check_is_rolled_back() {
    let Some(stage) = Stage::set("a_version_that_is_unhealthy_by_its_own_health_check_is_rolled_back") else { return };
    let check = r#"["CMD", "/app", "--healthcheck", "http://localhost:8080/health"]"#;
    let keys = format!("    healthcheck: {{ test: {check}, interval: 500ms, timeout: 1s, retries: 2 }}\n");
    stage.compose_file(&stage.app(&keys));
    // Nothing but the container's own health check can tell.
    let services = format!(
        "    services:\n      app:\n        probes:\n          front: {{ http: \"http://127.0.0.1:{}/\" }}",
        stage.port
    );
    stage.configure(&[&services]);
    goes_back(&stage, "unhealthy");
}

#[test]
fn a_version_that_begins_to_answer_500_after_three_seconds_is_rolled_back() {
    let Some(stage) = Stage::set("a_version_that_begins_to_answer_500_after_three_seconds_is_rolled_back") else {
        return;
    };
    goes_back(&stage, "fail-after:3000");
}

#[test]
fn a_version_that_answers_slower_than_its_trigger_allows_is_rolled_back() {
    let Some(stage) = Stage::set("a_version_that_answers_slower_than_its_trigger_allows_is_rolled_back") else {
        return;
    };
    stage.configure(&["    triggers:\n      slow: { signal: app.health.latency, above: 250ms, consecutive: 3 }"]);
    goes_back(&stage, "slow:500");
}
