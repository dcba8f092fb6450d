//! Workloads, releases and Applications that are started anew on purpose: new pods of the same version, and nothing goes back.

use std::collections::BTreeSet;

use backout_testkit::kube::Generation;
use serde_json::{Value, json};

use crate::argocd::stage;
use crate::releases::both;
use crate::site::Site;

/// The names of `web`'s pods that are not on their way out.
fn pods(site: &Site) -> BTreeSet<String> {
    let pods = site.double.objects("v1", "Pod", "default");
    let there = pods.iter().filter(|pod| pod["metadata"].get("deletionTimestamp").is_none());
    let of_web = there.filter(|pod| pod["metadata"]["labels"]["app"] == "web");
    of_web.map(|pod| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Starts a service anew, and asserts that `kubectl` sees what `kubectl rollout restart` would have done, and that nothing
/// differs from the checkpoint.
#[track_caller]
fn is_started_anew(site: &Site, service: &str) {
    let (good, before) = (site.running(), pods(site));
    let ended = site.backout(&["restart", service, "--reason", "it leaks", "--json"]).expect_code(0);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["restarted"][0]["outcome"]["is"], "done", "{}", ended.stdout);
    assert_eq!(site.running(), good, "{}", ended.stderr);
    assert!(pods(site).is_disjoint(&before), "{before:?}");
    let marked = r".spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt";
    assert!(site.says("deployment/web", marked).ends_with('Z'));
    let diff = site.backout(&["status", "--json"]);
    assert!(!diff.stdout.contains("\"differs\":true"), "{}", diff.stdout);
    let rollback = site.backout(&["rollback", "--yes"]);
    assert!(rollback.stderr.contains("target-is-what-runs"), "{}{}", rollback.stdout, rollback.stderr);
    let restart = site.journal().newest("service_restarted").unwrap();
    assert_eq!((restart.text("/restart/service"), restart.text("/restart/stage/is")), (Some(service), Some("done")));
}

#[test]
fn a_deployment_is_started_anew_with_new_pods_of_the_same_version() {
    let test = "a_deployment_is_started_anew_with_new_pods_of_the_same_version";
    for generation in Generation::BOTH {
        let Some(site) = Site::workload(test, generation) else { return };
        is_started_anew(&site, "web");
    }
}

#[test]
fn a_paused_deployment_is_not_started_anew_and_says_what_to_do() {
    let test = "a_paused_deployment_is_not_started_anew_and_says_what_to_do";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    drop(site.clients.kubectl(&["rollout", "pause", "deployment/web"]).ok());
    let before = pods(&site);
    let refused = site.backout(&["restart", "web"]).expect_code(6);
    assert!(refused.stderr.contains("kubectl rollout resume deployment/web"), "{}", refused.stderr);
    assert_eq!(pods(&site), before);
}

#[test]
fn a_release_is_started_anew_and_helm_does_not_learn_of_it() {
    both("a_release_is_started_anew_and_helm_does_not_learn_of_it", |site| {
        let released = site.released();
        is_started_anew(site, "shop");
        assert_eq!(site.released(), released);
        drop(site.clients.helm(&["upgrade", "shop", "chart", "--set", "tag=3", "--wait", "--timeout", "60s"]).ok());
    });
}

#[test]
fn an_application_is_started_anew_and_stays_in_sync() {
    let Some(site) = stage::site("an_application_is_started_anew_and_stays_in_sync", &json!({})) else { return };
    let before = stage::state(&site);
    is_started_anew(&site, "shop");
    assert_eq!(stage::state(&site), before);
}
