//! The third of four cannot go back: what is said of all four is what they are.

use backout_kube_double::{Behaviour, Fault, FaultKind, Instruction};
use serde_json::Value;

use super::site::{ORDER, Site, World, told, world};
use crate::switched;

/// Two back, the third undone or never moved, the fourth not begun.
const HALF: [&str; 4] = ["v1", "v1", "v2", "v2"];

/// A rollback that stops at the third: everything that tells of it says what is.
#[track_caller]
fn stops_at_the_third(site: &Site, undone: &str) {
    let ended = site.backout(&["--json", "rollback", "--yes"]).expect_code(4);
    assert_eq!(site.runs(), world(HALF), "{}", ended.stderr);
    assert_eq!(switched(&site.journal().since(0)), ["store", "queue", "gate", "gate"], "it was tried twice");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&document["result"], &document["exit"]), (&"not_verified".into(), &4.into()));
    assert_eq!(site.said(&document), world(HALF), "{}", ended.stdout);
    let records = document["records"].as_array().unwrap();
    let body = |kind: &str| records.iter().map(|it| &it["body"]).find(|body| body["kind"] == kind).unwrap();
    let summary = body("run_ended")["summary"].as_str().unwrap();
    assert_eq!(told(summary), world(["back", "back", "not back", "not back"]), "{summary}");
    assert!(summary.contains(undone), "{summary}");
    let checks = body("verified")["checks"].as_array().unwrap();
    let arrived = |name: &str| checks.iter().find(|it| it["name"] == format!("{name} runs the target")).unwrap();
    let verdicts: World = ORDER.map(|name| (name, arrived(name)["verdict"].as_str().unwrap().to_owned())).into();
    assert_eq!(verdicts, world(["healthy", "healthy", "unhealthy", "unhealthy"]));
    let shown = site.backout(&["show"]).expect_code(0).stdout;
    assert!(shown.contains(summary) && shown.contains("NOT VERIFIED"), "{shown}");
}

/// Once the reason is gone, a second way back brings what is missing, and touches nothing else. That the first did not
/// arrive has to be overridden by name.
#[track_caller]
fn arrives_when_tried_again(site: &Site) {
    let (before, store) = (site.journal().last(), site.since()[0]);
    let ended = site.backout(&["rollback", "--yes", "--force", "destination-unhealthy"]).expect_code(0);
    assert_eq!(site.runs(), world(["v1"; 4]), "{}", ended.stderr);
    assert_eq!(switched(&site.journal().since(before)), ["gate", "agent"]);
    assert_eq!(site.since()[0], store);
}

#[test]
fn a_release_that_does_not_run_any_more_is_undone_and_what_depends_on_it_is_left_alone() {
    let test = "a_release_that_does_not_run_any_more_is_undone_and_what_depends_on_it_is_left_alone";
    let Some(site) = Site::new(test) else { return };
    site.double.image("shop/gate:v1", Behaviour::Crash);
    stops_at_the_third(&site, "it was undone: `gate` runs");
    site.double.image("shop/gate:v1", Behaviour::Ready);
    arrives_when_tried_again(&site);
}

#[test]
fn a_release_whose_records_cannot_be_written_stays_and_what_depends_on_it_is_left_alone() {
    let test = "a_release_whose_records_cannot_be_written_stays_and_what_depends_on_it_is_left_alone";
    let Some(site) = Site::new(test) else { return };
    let broken = FaultKind::Answer { code: 403, retry_after: None };
    site.double.fault(Fault::new("create", "/secrets", u32::MAX, broken));
    stops_at_the_third(&site, "what it would have changed is as it was: `gate` runs");
    site.double.tell(Instruction::NoFaults);
    arrives_when_tried_again(&site);
}
