//! A way back that cannot be gone: the port of what ran before is somebody else's at the moment of the switch.

use backout_core::journal::{Body, RunResult, StepOutcome};
use backout_testkit::docker::free_port;
use backout_testkit::taker::Taker;

use crate::stage::{Ran, Stage, eventually, get};

/// A stage whose `.env` chooses the port as well, with a good version up on the stage's own port.
fn movable(test: &str) -> Option<(Stage, String, String)> {
    let stage = Stage::set(test)?;
    let own = format!("\"127.0.0.1:{}:8080\"", stage.port);
    stage.compose_file(&stage.app("").replace(&own, "\"127.0.0.1:${PORT}:8080\""));
    let (good, bad) = (stage.image("good", "ok"), stage.image("bad", "ok"));
    stage.project.write(".env", &environment(&stage, "good", stage.port));
    let _ = stage.project.compose(&["up", "--detach"]);
    eventually("the application answers", || stage.answer("/version").is_some());
    Some((stage, good, bad))
}

fn environment(stage: &Stage, tag: &str, port: u16) -> String {
    format!("IMAGE={}\nPORT={port}\n", stage.project.image_name(tag))
}

/// A deploy that moves `app` to another port, where nobody looks for it.
fn deploy_elsewhere(stage: &Stage, port: u16) -> String {
    stage.project.write("next.env", &environment(stage, "bad", port));
    format!("cp next.env .env && docker compose -p {} up --detach", stage.project.name())
}

fn failed_switches(ran: &Ran) -> usize {
    let is_failed = |body: &Body| matches!(body, Body::StepEnded { outcome: StepOutcome::Failed { .. }, .. });
    ran.journal.iter().filter(|record| is_failed(&record.body)).count()
}

#[test]
fn a_switch_that_fails_because_the_port_is_taken_puts_back_what_ran_and_says_so() {
    let test = "a_switch_that_fails_because_the_port_is_taken_puts_back_what_ran_and_says_so";
    let Some((stage, _, bad)) = movable(test) else { return };
    let elsewhere = free_port();
    let taker = Taker::of(stage.port);

    let ran = stage.guard(&deploy_elsewhere(&stage, elsewhere));

    taker.let_go();
    ran.ended(4, RunResult::NotVerified);
    assert_eq!(failed_switches(&ran), 4, "twice in each of two attempts: {ran}");
    assert_eq!(stage.running("app"), [bad], "what ran before the switch does not run: {ran}");
    assert_eq!(get(elsewhere, "/version").as_deref(), Some("bad"), "{ran}");
    let summary = ran.ending().map_or("", |(_, summary)| summary);
    let runs = format!("`app` runs {}", stage.project.image_name("bad"));
    assert!(summary.contains(&runs) && summary.contains("it was undone"), "{ran}\n{summary}");
    assert!(summary.contains("address already in use"), "why it failed is not said: {summary}");
}

#[test]
fn a_port_that_is_free_again_before_the_second_try_lets_the_way_back_arrive() {
    let test = "a_port_that_is_free_again_before_the_second_try_lets_the_way_back_arrive";
    let Some((stage, good, _)) = movable(test) else { return };
    let taker = Taker::of(stage.port);

    let deploy = deploy_elsewhere(&stage, free_port());
    let guard = stage.start(&["--json", "guard", "--", "sh", "-c", &deploy], &[]);
    eventually("the first try fails", || failed_switches(&stage.so_far()) > 0);
    taker.let_go();
    let ran = Ran::of(guard, &stage);

    ran.ended(3, RunResult::RolledBack);
    ran.is_verified();
    assert_eq!(failed_switches(&ran), 1, "{ran}");
    assert_eq!(stage.running("app"), [good], "{ran}");
    assert_eq!(stage.answer("/version").as_deref(), Some("good"));
}

#[test]
fn a_port_that_nothing_can_have_leads_to_a_report_of_what_runs_and_a_second_rollback_arrives() {
    let test = "a_port_that_nothing_can_have_leads_to_a_report_of_what_runs_and_a_second_rollback_arrives";
    let Some(stage) = Stage::set(test) else { return };
    let good = stage.image("good", "ok");
    let _ = stage.image("bad", "crash-after:1500");
    stage.up("good");

    let deploy = stage.deploy("bad");
    let guard = stage.start(&["--json", "guard", "--", "sh", "-c", &deploy], &[]);
    eventually("the bad version answers", || stage.answer("/version").as_deref() == Some("bad"));
    // What is bad dies, and its port is taken before anything else can have it.
    let taker = Taker::of(stage.port);
    let ran = Ran::of(guard, &stage);

    ran.ended(4, RunResult::NotVerified);
    let summary = ran.ending().map_or("", |(_, summary)| summary);
    assert!(stage.running("app").is_empty(), "{ran}");
    assert!(summary.contains("`app`") && summary.contains("not well"), "{ran}\n{summary}");
    assert!(summary.contains("could not be undone"), "{ran}\n{summary}");

    taker.let_go();
    let again = stage.backout(&["rollback", "--yes", "--force", "destination-unhealthy"]);
    again.ended(0, RunResult::RolledBack);
    assert_eq!(stage.running("app"), [good], "{again}");
    assert_eq!(stage.answer("/version").as_deref(), Some("good"));
}
