//! The Services through which users reach what runs: a way back is not proven before each leads to it.

use backout_testkit::guarded::{Ended, wait_until};
use backout_testkit::kube::Generation;
use serde_json::Value;

use crate::argocd::stage as argo;
use crate::manifests::web;
use crate::site::{SOON, Site};

/// A Service of that selector.
fn front(selector: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: front}}\nspec: {{selector: {selector}, ports: [{{port: 80}}]}}\n"
    )
}

/// `web`, which users reach through `front`; recorded as good.
fn workload(test: &str) -> Option<Site> {
    let service = "web: { platform: { kubernetes: { namespace: default } }, reached_by: front }";
    let site = Site::new(test, Generation::Helm4, service)?;
    site.apply(&front("{app: web}"));
    site.apply(&web("shop/web:1", "fine"));
    site.is_good();
    Some(site)
}

/// What the newest verification says of the way to a service.
fn verified(site: &Site, service: &str) -> (String, String) {
    let verified = site.journal().newest("verified").unwrap().body;
    let checks = verified["checks"].as_array().unwrap().iter();
    let name = format!("{service} is reached by front");
    let check = checks.clone().find(|check| check["name"] == name.as_str()).unwrap_or_else(|| panic!("{verified:#}"));
    let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("what"))
}

fn selector(site: &Site) -> String {
    site.says("service/front", ".spec.selector.app")
}

const ELSEWHERE: &str = "it selects `app=other`, and its pods have `app=web`";

fn line<'a>(ended: &'a Ended, words: &str) -> &'a str {
    ended.stdout.lines().find(|line| line.contains(words)).unwrap_or(&ended.stdout)
}

#[test]
fn a_way_back_is_proven_once_users_reach_it() {
    let Some(site) = workload("a_way_back_is_proven_once_users_reach_it") else { return };
    let ended = site.guard(&["kubectl", "set", "image", "deployment/web", "app=shop/web:2-crash"]);
    site.went_back(&ended);
    assert_eq!(verified(&site, "web"), ("healthy".to_owned(), "leads to 2 of its pods".to_owned()));
    let held = site.backout(&["verify"]).expect_code(0);
    assert!(line(&held, "is reached by").contains("leads to 2 of its pods"), "{}", held.stdout);
}

/// The Deployment goes back; the Service, which nobody takes back with it, leads to nobody.
#[test]
fn a_way_back_that_nobody_can_reach_is_not_proven_and_says_why() {
    let Some(site) = workload("a_way_back_that_nobody_can_reach_is_not_proven_and_says_why") else { return };
    let good = site.running();
    drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2"]).ok());
    let _ = site.running();
    site.apply(&front("{app: other}"));
    let ended = site.backout(&["rollback", "--yes"]);
    assert_eq!(ended.code, 4, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(site.journal().result().as_deref(), Some("not_verified"));
    assert_eq!(site.running(), good);
    let (verdict, what) = verified(&site, "web");
    assert!(verdict == "unhealthy" && what.contains(ELSEWHERE), "{verdict}: {what}");
    assert!(ended.stderr.contains(ELSEWHERE), "{}", ended.stderr);
    let failing = site.backout(&["verify"]).expect_code(6);
    assert!(line(&failing, "is reached by").contains(ELSEWHERE), "{}", failing.stdout);
    site.apply(&front("{app: web}"));
    let _ = site.backout(&["verify"]).expect_code(0);
}

#[test]
fn a_release_goes_back_where_its_service_leads_to_nobody_any_more() {
    let test = "a_release_goes_back_where_its_service_leads_to_nobody_any_more";
    for generation in Generation::BOTH {
        let Some(site) =
            Site::new(test, generation, "shop: { platform: { helm: { namespace: default } }, reached_by: [front] }")
        else {
            return;
        };
        site.clients.write("chart/templates/front.yaml", &front(r#"{app: {{ .Values.front | default "web" }}}"#));
        drop(site.clients.helm(&["install", "shop", "chart", "--wait", "--timeout", "60s"]).ok());
        site.is_good();
        let ended = site.guard_upgrade("front=other");
        site.went_back(&ended);
        assert_eq!(selector(&site), "web", "{}", ended.stderr);
        let judged = site.journal().newest("judged").unwrap().body.to_string();
        assert!(judged.contains(ELSEWHERE) && judged.contains("it held before the deploy"), "{judged}");
        assert_eq!(verified(&site, "shop").0, "healthy");
    }
}

#[test]
fn the_service_of_an_application_is_looked_for_where_its_workloads_are() {
    let test = "the_service_of_an_application_is_looked_for_where_its_workloads_are";
    let service = "shop: { platform: { argocd: {} }, reached_by: front }";
    let Some(site) = Site::new(test, Generation::Helm4, service) else { return };
    argo::commit(&site, argo::REPOSITORY, "aaa", vec![argo::deployment("shop/web:1")]);
    site.apply(&front("{app: web}"));
    site.double.apply(&argo::application("shop", argo::REPOSITORY, "aaa", &argo::automated())).unwrap();
    argo::until(&site, "the first sync", |site| {
        argo::is_settled(site) && argo::state(site) == ["aaa", "Succeeded", "Synced", "Healthy"]
    });
    let held = site.backout(&["verify"]).expect_code(0);
    assert!(line(&held, "is reached by").contains("leads to 2 of its pods"), "{}", held.stdout);
    drop(site.clients.kubectl(&["delete", "service", "front"]).ok());
    let failing = site.backout(&["verify"]).expect_code(6);
    assert!(line(&failing, "is reached by").contains("no Service `front`"), "{}", failing.stdout);
}

#[test]
fn check_says_that_a_service_leads_nowhere_and_which_rights_are_missing() {
    let Some(site) = workload("check_says_that_a_service_leads_nowhere_and_which_rights_are_missing") else { return };
    let role = site.backout(&["check", "--role"]).expect_code(0).stdout;
    assert!(role.contains("apiGroups: [\"discovery.k8s.io\"]\n    resources: [\"endpointslices\"]"), "{role}");
    assert!(role.contains("resources: [\"endpointslices\"]\n    verbs: [\"list\", \"watch\"]"), "{role}");
    site.apply(&front("{app: other}"));
    wait_until("the Service to lead nowhere", SOON, || {
        let slices: Value =
            serde_json::from_str(&site.clients.kubectl(&["get", "endpointslices", "-o", "json"]).ok()).unwrap();
        slices["items"][0]["endpoints"].as_array().is_none_or(Vec::is_empty)
    });
    let checked = site.backout(&["check"]).expect_code(6);
    let said = line(&checked, "web is reached by front");
    assert!(said.starts_with("FAILS") && said.contains(ELSEWHERE), "{}", checked.stdout);
    site.double.deny("list", "endpointslices", "");
    let checked = site.backout(&["check"]).expect_code(6);
    let said = line(&checked, "web is reached by front");
    assert!(said.starts_with("FAILS") && said.contains("endpointslices"), "{}", checked.stdout);
    let rights = "list endpointslices.discovery.k8s.io (to see whether users reach what runs)";
    assert!(checked.stdout.contains(rights), "{}", checked.stdout);
}

/// Users shall see the page, and what is behind it goes back meanwhile.
#[test]
fn a_service_that_maintenance_mode_leads_elsewhere_is_held_against_nobody() {
    let test = "a_service_that_maintenance_mode_leads_elsewhere_is_held_against_nobody";
    let Some(site) = workload(test) else { return };
    let text = std::fs::read_to_string(site.clients.folder().join("backout.yaml")).unwrap();
    let page = "    maintenance: { cluster: { service: front, selector: { app: page } } }\n";
    site.clients.write("backout.yaml", &format!("{text}{page}"));
    drop(site.clients.kubectl(&["set", "image", "deployment/web", "app=shop/web:2"]).ok());
    let _ = site.running();
    site.backout(&["maintenance", "on", "--reason", "going back"]).expect_code(0);
    assert_eq!(selector(&site), "page");
    site.backout(&["rollback", "--yes"]).expect_code(0);
    let (verdict, what) = verified(&site, "web");
    assert!(verdict == "unmeasurable" && what.contains("maintenance mode"), "{verdict}: {what}");
    site.backout(&["maintenance", "off"]).expect_code(0);
    let held = site.backout(&["verify"]).expect_code(0);
    assert!(line(&held, "is reached by").contains("leads to 2 of its pods"), "{}", held.stdout);
}
