//! What a deploy is not blamed for: what was red before it, and what cannot be measured at all.

use std::net::TcpListener;
use std::time::Duration;

use backout_core::inventory::Grade;
use backout_core::journal::{Body, RunResult};
use backout_core::policy::Verdict;
use backout_testkit::docker::free_port;

use crate::stage::{Ran, Stage, eventually};

/// Nobody resolves it: the top-level domain is reserved for that.
const NOWHERE: &str = "http://backout.invalid/health";

/// A stage with a second probe on `url`, required or not, and a healthy version up.
fn with_second_probe(test: &str, url: &str, is_required: bool) -> Option<Stage> {
    let stage = Stage::set(test)?;
    let probe = |url: &str| format!("{{ http: \"{url}\", every: 250ms, timeout: 1s }}");
    let health = probe(&format!("http://127.0.0.1:{}/health", stage.port));
    let probes = format!("        probes:\n          health: {health}\n          second: {}", probe(url));
    let services = format!("    services:\n      app:\n{probes}");
    let guard = "    guard: { soak: 3s, dead_man: 5s, every: 100ms }";
    match is_required {
        true => stage.configure(&[&services, guard]),
        false => stage.configure(&[&services, guard, "    verify: { require: [app.health] }"]),
    }
    let _ = (stage.image("good", "ok"), stage.image("next", "ok"));
    stage.up("good");
    Some(stage)
}

/// Asserts that the next version is what runs, and that nothing was planned.
fn stays(stage: &Stage, ran: &Ran) {
    assert_eq!(stage.answer("/version").as_deref(), Some("next"), "{ran}");
    assert!(!ran.has(|body| matches!(body, Body::PlanMade { .. })), "{ran}");
}

fn verdict(ran: &Ran) -> Option<Verdict> {
    ran.find(|body| match body {
        Body::Judged { judgement } => Some(judgement.verdict),
        _ => None,
    })
}

/// What is said of `app.second` in the verdict.
fn finding(ran: &Ran) -> Option<(String, bool)> {
    ran.find(|body| match body {
        Body::Judged { judgement } => {
            let found = judgement.findings.iter().find(|it| it.subject == "app.second.up")?;
            Some((found.what.clone(), found.was_before))
        }
        _ => None,
    })
}

#[test]
fn a_probe_that_was_red_before_the_deploy_is_reported_and_takes_nothing_back() {
    let test = "a_probe_that_was_red_before_the_deploy_is_reported_and_takes_nothing_back";
    let red = format!("http://127.0.0.1:{}/", free_port());
    let Some(stage) = with_second_probe(test, &red, false) else { return };

    let ran = stage.guard(&stage.deploy("next"));

    assert_eq!(ran.exit, 0, "{ran}");
    stays(&stage, &ran);
    let red = ran.find(|body| match body {
        Body::BeforeSeen { red, .. } => Some(red.iter().map(ToString::to_string).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(red, Some(vec!["app.second.up".to_owned()]), "{ran}");
    assert!(finding(&ran).is_some_and(|(_, was_before)| was_before), "{ran}");
    assert!(ran.stderr.contains("app.second.up is red already"), "{ran}");
}

#[test]
fn a_required_probe_that_was_red_before_refuses_the_deploy_unless_forced_and_then_takes_nothing_back() {
    let test = "a_required_probe_that_was_red_before_refuses_the_deploy_unless_forced_and_then_takes_nothing_back";
    let red = format!("http://127.0.0.1:{}/", free_port());
    let Some(stage) = with_second_probe(test, &red, true) else { return };
    let deploy = stage.deploy("next");

    let refused = stage.guard(&deploy);

    refused.ended(5, RunResult::Refused);
    assert_eq!(stage.answer("/version").as_deref(), Some("good"), "{refused}");
    assert!(refused.stderr.contains("no-good-checkpoint"), "{refused}");

    let ran = stage.backout(&["--json", "guard", "--force", "no-good-checkpoint", "--", "sh", "-c", &deploy]);

    ran.ended(0, RunResult::KeptUnproven);
    stays(&stage, &ran);
    assert_eq!(ran.checkpoints.last().map(|graded| graded.grade), Some(Grade::Candidate), "{ran}");
    assert!(finding(&ran).is_some_and(|(_, was_before)| was_before), "{ran}");
}

#[test]
fn a_probe_whose_host_has_no_address_takes_nothing_back_and_is_reported_as_not_measured() {
    let test = "a_probe_whose_host_has_no_address_takes_nothing_back_and_is_reported_as_not_measured";
    let Some(stage) = with_second_probe(test, NOWHERE, true) else { return };
    let deploy = stage.deploy("next");

    let ran = stage.backout(&["--json", "guard", "--force", "no-good-checkpoint", "--", "sh", "-c", &deploy]);

    ran.ended(0, RunResult::KeptUnproven);
    stays(&stage, &ran);
    assert_eq!(verdict(&ran), Some(Verdict::Unmeasurable), "{ran}");
    assert!(finding(&ran).is_some_and(|(what, was_before)| what.contains("backout.invalid") && !was_before), "{ran}");
}

#[test]
fn a_probe_whose_host_has_no_address_does_not_keep_a_bad_version_from_going_back() {
    let test = "a_probe_whose_host_has_no_address_does_not_keep_a_bad_version_from_going_back";
    let Some(stage) = with_second_probe(test, NOWHERE, false) else { return };
    let _ = stage.image("bad", "crash-on-start");

    let ran = stage.guard(&stage.deploy("bad"));

    ran.ended(3, RunResult::RolledBack);
    assert_eq!(stage.answer("/version").as_deref(), Some("good"), "{ran}");
}

/// `app` has a face and a database behind one address that the test answers at, until the next version runs.
#[test]
fn a_dependency_that_goes_down_after_the_deploy_switches_the_fallback_on_and_takes_nothing_back() {
    let test = "a_dependency_that_goes_down_after_the_deploy_switches_the_fallback_on_and_takes_nothing_back";
    let Some(stage) = Stage::set(test) else { return };
    let database = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = database.local_addr().unwrap();
    let often = "every: 250ms, timeout: 1s";
    let probes = format!(
        "          face: {{ tcp: \"{address}\", {often} }}\n          db: {{ tcp: \"{address}\", {often}, dependency: true }}"
    );
    let services = format!("    services:\n      app:\n        probes:\n{probes}");
    let trigger = "    triggers: { face: { signal: app.face.up, below: 100%, consecutive: 2 } }";
    let fallback = "    fallback: { on: [touch, flag], off: [rm, -f, flag] }";
    stage.configure(&[&services, trigger, fallback, "    guard: { soak: 3s, dead_man: 5s, every: 100ms }"]);
    let _ = (stage.image("good", "ok"), stage.image("next", "ok"));
    stage.up("good");

    let ran = std::thread::scope(|scope| {
        let outage = scope.spawn(|| {
            eventually("the next version answers", || stage.answer("/version").as_deref() == Some("next"));
            std::thread::sleep(Duration::from_millis(1200));
            drop(database);
        });
        let ran = stage.guard(&stage.deploy("next"));
        outage.join().unwrap();
        ran
    });

    ran.ended(4, RunResult::Held);
    stays(&stage, &ran);
    assert!(stage.project.folder().join("flag").exists(), "{ran}");
}
