//! Configuration that goes back alone, and what has none that could.

use backout_testkit::kube::Generation;

use crate::argocd::stage::{self as argo};
use crate::manifests::web;
use crate::site::Site;

const BACK: [&str; 3] = ["rollback", "--config-files", "--yes"];

/// The names of the pods that run.
fn pods(site: &Site) -> Vec<String> {
    let pods = site.double.objects("v1", "Pod", "default");
    pods.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_config_map_goes_back_alone_and_pods_of_the_image_that_runs_read_it() {
    let test = "a_config_map_goes_back_alone_and_pods_of_the_image_that_runs_read_it";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    // Only the ConfigMap: nobody has started the pods anew.
    drop(site.clients.kubectl(&["patch", "configmap", "web", "-p", r#"{"data":{"MODE":"new"}}"#]).ok());
    let (good, before) = (site.running(), pods(&site));
    let planned = site.backout(&["plan", "--config-files"]).expect_code(0);
    assert!(planned.stdout.contains("put ConfigMap `web` of `web` back, and leave what it runs"), "{}", planned.stdout);
    site.backout(&BACK).expect_code(0);
    assert_eq!((site.says("configmap/web", ".data.MODE").as_str(), site.running()), ("fine", good));
    assert!(pods(&site).iter().all(|name| !before.contains(name)), "they have read it");

    // With another image, which stays.
    site.apply(&web("shop/web:2", "new"));
    let newer = site.running();
    site.backout(&BACK).expect_code(0);
    assert_eq!((site.says("configmap/web", ".data.MODE").as_str(), site.running()), ("fine", newer));
    assert_eq!(site.says("deployment/web", ".spec.template.spec.containers[0].image"), "shop/web:2");
    let verified = site.journal().newest("verified").unwrap().body.to_string();
    assert!(verified.contains("web has its configuration back"), "{verified}");

    // All of it is as it was but for the image.
    let done = site.backout(&BACK).expect_code(5);
    assert!(done.stderr.contains("target-is-what-runs"), "{}", done.stderr);
}

#[test]
fn a_rollback_of_configuration_that_is_killed_is_gone_on_with() {
    let test = "a_rollback_of_configuration_that_is_killed_is_gone_on_with";
    let Some(site) = Site::workload(test, Generation::Helm4) else { return };
    site.apply(&web("shop/web:2", "new"));
    let (newer, before) = (site.running(), pods(&site));
    let mode = || site.double.object("v1", "ConfigMap", "default", "web").unwrap()["data"]["MODE"].clone();
    let run = site.start(&BACK);
    assert!(site.double.eventually(crate::site::SOON, |_| mode() == "fine"));
    run.kill();
    backout_testkit::guarded::wait_until("the lease of the killed process to expire", crate::site::SOON, || {
        let ended = site.backout(&["resume"]);
        assert!([0, 7].contains(&ended.code), "{ended:?}");
        ended.code == 0
    });
    assert_eq!((site.running(), mode()), (newer, "fine".into()));
    assert!(pods(&site).iter().all(|name| !before.contains(name)), "they have read it");
}

#[test]
fn what_goes_back_as_one_says_so_where_only_configuration_is_asked_for() {
    let test = "what_goes_back_as_one_says_so_where_only_configuration_is_asked_for";
    let Some(site) = Site::release(test, Generation::Helm4) else { return };
    let upgrade = ["upgrade", "shop", "chart", "--set", "mode=new", "--wait", "--timeout", "60s"];
    drop(site.clients.helm(&upgrade).ok());
    let refused = site.backout(&BACK).expect_code(5).stderr;
    assert!(
        refused.contains("it is one release of Helm") && refused.contains("backout rollback --service shop"),
        "{refused}"
    );
    assert_eq!(site.says("configmap/web", ".data.MODE"), "new");

    let Some(site) = argo::site(test, &serde_json::json!({})) else { return };
    argo::sync(&site, "bbb");
    argo::until(&site, "the bad sync", |site| argo::is_settled(site) && argo::state(site)[0] == "bbb");
    let refused = site.backout(&BACK).expect_code(5).stderr;
    assert!(refused.contains("it is one Application of Argo CD"), "{refused}");
}
