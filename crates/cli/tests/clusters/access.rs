//! A cluster that wants credentials: what is done in a run is done as its configuration says, by `backout` and by `helm`, and
//! what opens the door is written down nowhere.
#![expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use backout_kube_double::{Double, Instruction};
use backout_testkit::kube::Generation;
use serde_json::json;

use crate::manifests::web;
use crate::site::Site;

const TOKEN: &str = "hunter2-of-dan";
const AS: &str = "namespace: default, as: deployer, as_groups: [ops]";

/// A site whose kubeconfig has a credential plugin.
fn site(test: &str, services: &str) -> Option<Site> {
    let double = Double::secured().unwrap();
    accept(&double, Some("dan"));
    let plugin = double.folder().join("login");
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": TOKEN}});
    fs::write(&plugin, format!("#!/bin/sh\necho '{credential}'\n")).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    let cluster = json!({"server": double.url(), "certificate-authority": double.authority().unwrap()});
    let exec =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "IfAvailable", "command": plugin});
    let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "here", "cluster": cluster}], "users": [{"name": "dan", "user": {"exec": exec}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "dan"}}]});
    let file = double.folder().join("access");
    fs::write(&file, config.to_string()).unwrap();
    Site::reached(test, Generation::Helm4, (double, &file), services)
}

fn accept(double: &Double, user: Option<&str>) {
    double.tell(Instruction::Token { token: TOKEN.to_owned(), user: user.map(str::to_owned) });
}

/// Whether a file below a folder contains the token.
fn tells(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { tells(&path) } else { String::from_utf8_lossy(&fs::read(path).unwrap()).contains(TOKEN) }
    })
}

/// All that the programs of these names asked was asked by `dan` as `deployer` of `ops`.
#[track_caller]
fn acted(site: &Site, agent: &str) {
    let of = |request: &backout_kube_double::Request| request.user_agent.starts_with(agent);
    let requests: Vec<_> = site.double.requests().into_iter().filter(of).collect();
    assert!(!requests.is_empty(), "nothing of `{agent}`");
    for mut request in requests {
        // `helm` says each group twice.
        request.impersonated_groups.dedup();
        let whom = (request.user.as_deref(), request.impersonated.as_deref(), request.impersonated_groups.as_slice());
        assert_eq!(whom, (Some("dan"), Some("deployer"), ["ops".to_owned()].as_slice()), "{request:#?}");
    }
}

#[test]
fn a_workload_behind_a_credential_plugin_goes_back_as_whom_the_configuration_says() {
    let test = "a_workload_behind_a_credential_plugin_goes_back_as_whom_the_configuration_says";
    let services = format!("web: {{ platform: {{ kubernetes: {{ {AS} }} }} }}");
    let Some(site) = site(test, &services) else { return };
    site.apply(&web("shop/web:1", "fine"));
    site.is_good();
    let good = site.running();
    site.double.forget_requests();
    let ended = site.guard(&["kubectl", "set", "image", "deployment/web", "app=shop/web:2-missing"]);
    site.went_back(&ended);
    assert_eq!(site.running(), good, "{}", ended.stderr);
    acted(&site, "backout/");
    assert!(!tells(&site.clients.folder().join(".backout")));
    accept(&site.double, None);
    let ended = site.backout(&["rollback", "--yes"]);
    assert!(ended.code != 0 && ended.stderr.contains("log in again"), "{ended:?}");
    assert!(!format!("{ended:?}").contains(TOKEN), "{ended:?}");
    assert!(!tells(&site.clients.folder().join(".backout")));
}

#[test]
fn a_release_behind_a_credential_plugin_goes_back_as_whom_the_configuration_says() {
    let test = "a_release_behind_a_credential_plugin_goes_back_as_whom_the_configuration_says";
    let services = format!("shop: {{ platform: {{ helm: {{ {AS} }} }} }}");
    let Some(site) = site(test, &services) else { return };
    drop(site.clients.helm(&["install", "shop", "chart", "--wait", "--timeout", "60s"]).ok());
    site.is_good();
    drop(site.clients.helm(&["upgrade", "shop", "chart", "--set", "tag=2", "--wait"]).ok());
    site.double.forget_requests();
    site.backout(&["rollback", "--yes"]).expect_code(0);
    acted(&site, "Helm/");
    let (revision, word, manifest) = site.released();
    assert_eq!((revision, word.as_str()), (3, "deployed"));
    assert!(manifest.contains("shop/web:1"), "{manifest}");
    assert!(!tells(&site.clients.folder().join(".backout")));
}
