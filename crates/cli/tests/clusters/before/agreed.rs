//! A plan that was agreed to, and a cluster that has moved meanwhile: nothing is touched.

use backout_kube_double::Request;
use backout_testkit::kube::Generation;
use serde_json::Value;

use crate::argocd::stage as argo;
use crate::site::Site;

/// Plans, lets the world move, and asserts that the plan is refused, saying that, and leaves its record.
#[track_caller]
fn is_refused(site: &Site, moves: impl Fn(), said: &[&str]) {
    site.backout(&["plan", "--out", "plan.json"]).expect_code(0);
    moves();
    site.double.forget_requests();
    let ended = site.backout(&["rollback", "--plan", "plan.json"]).expect_code(5);
    // What the API server is only asked about is no change: reviews of what the account may do, and dry runs.
    let is_write = |request: &Request| {
        let changes = ["create", "update", "patch", "delete"].contains(&request.verb.as_str());
        changes && !request.path.contains("accessreviews") && !request.query.contains("dryRun=All")
    };
    let wrote: Vec<Request> = site.double.requests().into_iter().filter(is_write).collect();
    assert!(wrote.is_empty(), "{wrote:#?}");
    let refused = site.journal().newest("refused").unwrap().body.to_string();
    assert!(refused.contains("stale-facts"), "{refused}");
    for part in said {
        assert!(refused.contains(part) && ended.stderr.contains(part), "{part}: {refused}\n{}", ended.stderr);
    }
    assert_eq!(site.journal().result().as_deref(), Some("refused"));
}

#[test]
fn an_image_that_was_set_after_the_plan_stays() {
    let Some(site) = Site::workload("an_image_that_was_set_after_the_plan_stays", Generation::Helm4) else { return };
    let good = site.running();
    let set = |image: &str| {
        drop(site.clients.kubectl(&["set", "image", "deployment/web", &format!("app={image}")]).ok());
        site.running()
    };
    set("shop/web:2");
    let generation = || site.says("deployment/web", ".metadata.generation");
    is_refused(&site, || drop(set("shop/web:3")), &["`web`: shop/web:2", "-> shop/web:3"]);
    assert_eq!(
        (site.says("deployment/web", ".spec.template.spec.containers[0].image"), generation()),
        ("shop/web:3".to_owned(), "3".to_owned())
    );
    // Pods that were replaced are no other world: the next plan runs.
    site.backout(&["plan", "--out", "plan.json"]).expect_code(0);
    let text = std::fs::read_to_string(site.clients.folder().join("plan.json")).unwrap();
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&plan["version"], &plan["plan"]["environment"]), (&Value::from(1), &Value::from("prod")));
    drop(site.clients.kubectl(&["delete", "pod", "-l", "app=web"]).ok());
    let _ = site.running();
    site.backout(&["rollback", "--plan", "plan.json"]).expect_code(0);
    assert_eq!(site.running(), good);
}

#[test]
fn a_release_that_was_upgraded_after_the_plan_stays() {
    let test = "a_release_that_was_upgraded_after_the_plan_stays";
    let Some(site) = Site::release(test, Generation::Helm4) else { return };
    let upgrade = |set: &str| {
        drop(site.clients.helm(&["upgrade", "shop", "chart", "--set", set, "--wait", "--timeout", "60s"]).ok());
    };
    upgrade("tag=2");
    is_refused(&site, || upgrade("tag=3"), &["`shop`: "]);
    let (revision, status, manifest) = site.released();
    assert_eq!((revision, status.as_str()), (3, "deployed"));
    assert!(manifest.contains("shop/web:3"), "{manifest}");
}

#[test]
fn an_application_that_was_synced_after_the_plan_stays() {
    let test = "an_application_that_was_synced_after_the_plan_stays";
    let Some(site) = argo::site(test, &serde_json::json!({})) else { return };
    argo::commit(&site, argo::REPOSITORY, "ccc", vec![argo::deployment("shop/web:3")]);
    let sync = |revision: &str| {
        argo::sync(&site, revision);
        argo::until(&site, "the sync", |site| argo::is_settled(site) && argo::state(site)[0] == revision);
    };
    sync("bbb");
    is_refused(&site, || sync("ccc"), &["`shop`: ", "bbb", "ccc"]);
    assert_eq!(argo::state(&site)[0], "ccc");
}
