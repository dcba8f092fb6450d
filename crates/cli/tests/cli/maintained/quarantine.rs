//! A version that went bad, deployed again.

use serde_json::Value;

use crate::place::Left;
use crate::running::Running;

fn deploy(running: &Running, more: &[&str]) -> Left {
    let force = ["guard", "--soak", "4s", "--force", "rollback-of-rollback"];
    running.0.run(&[&force[..], more, &["--", "sh", "deploy.sh", "2"]].concat())
}

fn quarantined(running: &Running) -> Vec<Value> {
    let status = running.0.run(&["status", "--json"]).document();
    let ours = status["quarantined"].as_array().unwrap().iter();
    // What the demo itself took back had no configuration file yet.
    ours.filter(|it| !it["services"]["web"]["files"].as_object().unwrap().is_empty()).cloned().collect()
}

#[test]
fn it_goes_back_at_once_until_a_person_lifts_that() {
    let running = Running::new();
    assert_eq!(quarantined(&running).len(), 0);
    let first = deploy(&running, &[]);
    assert_eq!(first.code, Some(3), "{}", first.shown());
    assert!(first.stderr.contains("verdict"), "{}", first.shown());
    let found = quarantined(&running);
    assert_eq!(found.len(), 1, "{found:?}");
    let status = running.0.run(&["status"]).well().stdout;
    assert!(status.contains("in quarantine: `web` "), "{status}");

    let second = deploy(&running, &[]);
    assert_eq!(second.code, Some(3), "{}", second.shown());
    assert!(second.stderr.contains("is in quarantine: `web`"), "{}", second.shown());
    assert!(!second.stderr.contains("verdict"), "{}", second.shown());

    let insisted = deploy(&running, &["--force", "quarantined"]);
    assert!(insisted.stderr.contains("verdict"), "{}", insisted.shown());

    for it in quarantined(&running) {
        running.0.run(&["checkpoint", "grade", it["checkpoint"].as_str().unwrap(), "candidate"]).well();
    }
    let explained = running.0.run(&["explain", "quarantined"]).well().stdout;
    assert!(explained.contains("--force quarantined"), "{explained}");
}
