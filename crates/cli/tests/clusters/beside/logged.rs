//! What pods write: watched after a deploy, looked at after a rollback, and kept. Of a workload, a release and an Application.

use backout_kube_double::Instruction;
use backout_testkit::kube::Generation;
use serde_json::{Value, json};

use crate::argocd::stage::{self as argo, PIN};
use crate::site::Site;

/// Lets the site go back by lines that are logged alone, and look for them once more when it has.
fn watches_output(site: &Site, service: &str) {
    let file = site.clients.folder().join("backout.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let signals = format!(
        "    signals:\n      panics: {{ logs: {{ services: [{service}], matching: [panic], window: 2s }}, every: 500ms }}\n"
    );
    let triggers = "    triggers:\n      panics: { signal: panics, above: 0.1, consecutive: 2, action: rollback }\n";
    let verify = format!("    verify:\n      logs: {{ services: [{service}], not: [panic] }}\n");
    site.clients.write("backout.yaml", &[text.as_str(), signals.as_str(), triggers, verify.as_str()].concat());
    let bad = Instruction::Log { image: "shop/web:2".to_owned(), text: "starting\npanic: no orders\n".to_owned() };
    site.double.tell(bad);
}

/// Guards a deploy whose pods are well and write what they must not.
#[track_caller]
fn goes_back(site: &Site, service: &str, deploy: &[&str]) {
    let good = site.running();
    watches_output(site, service);
    let ended = site.guard(deploy);
    site.went_back(&ended);
    assert_eq!(site.running(), good, "{}", ended.stderr);
    let verified = site.journal().newest("verified").unwrap().body;
    let checks = verified["checks"].as_array().unwrap();
    let name = format!("log of {service}");
    let check = checks.iter().find(|check| check["name"] == name.as_str());
    assert_eq!(check.map(|check| &check["verdict"]), Some(&json!("healthy")), "{verified:#}");
    has_kept(site, "panic: no orders");
}

/// The log of a pod that was replaced is among what was kept.
#[track_caller]
fn has_kept(site: &Site, line: &str) {
    let kept = site.journal().newest("evidence_kept").unwrap();
    let items = kept.body["items"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = items.iter().filter_map(|item| item[0].as_str()).collect();
    let log = names.iter().find(|name| name.ends_with(".app.log")).unwrap_or(&"");
    assert!(!log.is_empty(), "{names:?}");
    let run = kept.run.clone().unwrap_or_default();
    let shown = site.backout(&["show", &run, "--evidence", log]).expect_code(0);
    assert!(shown.stdout.contains(line), "{names:?}: {}", shown.stdout);
    assert!(names.iter().any(|name| name.contains("events")), "{names:?}");
}

#[test]
fn a_workload_whose_pods_write_what_they_must_not_goes_back() {
    let test = "a_workload_whose_pods_write_what_they_must_not_goes_back";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    goes_back(&site, "web", &["kubectl", "set", "image", "deployment/web", "app=shop/web:2"]);
}

#[test]
fn a_release_whose_pods_write_what_they_must_not_goes_back() {
    let test = "a_release_whose_pods_write_what_they_must_not_goes_back";
    let Some(site) = Site::release(test, Generation::Helm3) else { return };
    goes_back(&site, "shop", &["helm", "upgrade", "shop", "chart", "--set", "tag=2", "--wait", "--timeout", "60s"]);
}

#[test]
fn an_application_whose_pods_write_what_they_must_not_goes_back() {
    let test = "an_application_whose_pods_write_what_they_must_not_goes_back";
    let Some(site) = argo::site(test, &argo::automated()) else { return };
    argo::commit(&site, argo::REPOSITORY, "bbb", vec![argo::deployment("shop/web:2")]);
    goes_back(&site, "shop", &["sh", "-c", PIN]);
    let application = site.journal().newest("evidence_kept").unwrap().body["items"].clone();
    assert!(application.as_array().is_some_and(|all| all.iter().any(|it: &Value| it[0] == "shop.application.json")));
}
