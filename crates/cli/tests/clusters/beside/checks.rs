//! Smoke checks that are run in the pods of a release and of an Application.

use backout_kube_double::Program;
use backout_testkit::kube::Generation;

use crate::argocd::stage::{REPOSITORY, application, automated, commit, deployment, is_settled, state, until};
use crate::site::Site;

/// A second workload of the chart.
const QUEUE: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: queue}
spec:
  replicas: 1
  selector: {matchLabels: {app: queue}}
  template:
    metadata: {labels: {app: queue}}
    spec: {containers: [{name: app, image: "shop/queue:1"}]}
"#;

/// A site whose pods serve the folder `pods`, with a check that a file is there.
fn site(test: &str, services: &str) -> Option<Site> {
    let site = Site::new(test, Generation::Helm4, services)?;
    site.clients.write("pods/healthy", "yes");
    let serve = "exec /usr/bin/python3 -m http.server --bind 127.0.0.1 $PORT";
    site.double.run(Program {
        image: "shop/".to_owned(),
        command: ["sh", "-c", serve].map(str::to_owned).to_vec(),
        folder: site.clients.folder().join("pods"),
        variables: std::collections::BTreeMap::new(),
    });
    let text = std::fs::read_to_string(site.clients.folder().join("backout.yaml")).unwrap();
    let smoke = "    verify: { smoke: [{ name: inside, exec: [cat, healthy], in: container, service: shop }] }\n";
    site.clients.write("backout.yaml", &format!("{text}{smoke}"));
    Some(site)
}

/// The check holds as long as the file is there.
#[track_caller]
fn is_made(site: &Site) {
    let ended = site.backout(&["verify"]).expect_code(0);
    assert!(ended.stdout.contains("inside"), "{}{}", ended.stdout, ended.stderr);
    std::fs::remove_file(site.clients.folder().join("pods/healthy")).unwrap();
    let ended = site.backout(&["verify"]);
    assert_ne!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("`cat` ended with exit code 1"), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_check_is_run_in_the_pods_of_the_workload_of_a_release_that_is_named() {
    let test = "a_check_is_run_in_the_pods_of_the_workload_of_a_release_that_is_named";
    let Some(site) = site(test, "shop: { platform: { helm: { namespace: default } } }") else { return };
    site.clients.write("chart/templates/queue.yaml", QUEUE);
    drop(site.clients.helm(&["install", "shop", "chart", "--wait", "--timeout", "60s"]).ok());
    site.is_good();
    let unnamed = site.backout(&["verify"]);
    let said = "it has several workloads: `deployment/queue`, `deployment/web`";
    assert!(unnamed.stdout.contains(said), "{}{}", unnamed.stdout, unnamed.stderr);
    let text = std::fs::read_to_string(site.clients.folder().join("backout.yaml")).unwrap();
    let (before, after) = ("default } } }", "default } }, exec_in: deployment/web }");
    assert!(text.contains(before));
    site.clients.write("backout.yaml", &text.replace(before, after));
    is_made(&site);
}

#[test]
fn a_check_is_run_in_the_pods_of_an_application() {
    let test = "a_check_is_run_in_the_pods_of_an_application";
    let Some(site) = site(test, "shop: { platform: { argocd: {} } }") else { return };
    commit(&site, REPOSITORY, "aaa", vec![deployment("shop/web:1")]);
    site.double.apply(&application("shop", REPOSITORY, "aaa", &automated())).unwrap();
    until(&site, "the first sync", |site| is_settled(site) && state(site) == ["aaa", "Succeeded", "Synced", "Healthy"]);
    site.backout(&["checkpoint", "create"]).expect_code(0);
    is_made(&site);
}
