//! Blue and green on a cluster: the selector of a Service decides which of two Deployments users are led to.

use backout_kube_double::Request;
use backout_testkit::kube::Generation;

use crate::manifests::web;
use crate::site::Site;

const SERVICES: &str = "blue: { platform: { kubernetes: { namespace: default } } }
      green: { platform: { kubernetes: { namespace: default } } }
      front:
        platform: { kubernetes: { namespace: default } }
        traffic: { service: shop, to: { blue: { app: blue }, green: { app: green } } }";

/// Blue and green in version 1, and users who are led to blue; recorded as good.
fn site(test: &str) -> Option<Site> {
    let site = Site::new(test, Generation::Helm4, SERVICES)?;
    for color in ["blue", "green"] {
        site.apply(
            &web("shop/web:1", "fine")
                .replace("name: web", &format!("name: {color}"))
                .replace("app: web", &format!("app: {color}")),
        );
        drop(site.clients.kubectl(&["rollout", "status", &format!("deployment/{color}"), "--timeout=30s"]).ok());
    }
    site.apply(
        "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {selector: {app: blue}, ports: [{port: 80}]}\n",
    );
    site.backout(&["checkpoint", "create"]).expect_code(0);
    Some(site)
}

fn image(site: &Site, color: &str) -> String {
    site.says(&format!("deployment/{color}"), ".spec.template.spec.containers[0].image")
}

/// Both colors back, and users were led away before the broken one was touched.
#[test]
fn users_are_led_back_by_the_selector_before_what_they_used_goes_back() {
    let Some(site) = site("users_are_led_back_by_the_selector_before_what_they_used_goes_back") else { return };
    site.double.forget_requests();
    let deploy = "kubectl patch service shop -p '{\"spec\":{\"selector\":{\"app\":\"green\"}}}' \
                  && kubectl set image deployment/green app=shop/web:2-crash";
    let ended = site.guard(&["sh", "-c", deploy]);
    site.went_back(&ended);
    assert_eq!(site.says("service/shop", ".spec.selector.app"), "blue");
    assert_eq!((image(&site, "blue"), image(&site, "green")), ("shop/web:1".to_owned(), "shop/web:1".to_owned()));
    let requests = site.double.requests();
    // What a plan tries first is tried without being written.
    let is_own = |request: &&Request| request.user_agent.starts_with("backout/") && !request.query.contains("dryRun");
    let written = requests.iter().filter(|request| request.method == "PUT").filter(is_own);
    let paths: Vec<&str> = written.map(|request| request.path.as_str()).collect();
    let at =
        |end: &str| paths.iter().position(|path| path.ends_with(end)).unwrap_or_else(|| panic!("{end}: {paths:?}"));
    assert!(at("/services/shop") < at("/deployments/green"), "{paths:?}\n{}", ended.stderr);
    assert!(paths.iter().all(|path| !path.ends_with("/deployments/blue")), "{paths:?}");
}

#[test]
fn the_role_is_enough_to_lead_users_and_a_service_that_is_not_there_is_told() {
    let Some(site) = site("the_role_is_enough_to_lead_users_and_a_service_that_is_not_there_is_told") else { return };
    let role = site.backout(&["check", "--role"]).expect_code(0).stdout;
    assert!(role.contains("resources: [\"services\"]\n    verbs: [\"get\", \"update\"]"), "{role}");
    drop(site.clients.kubectl(&["delete", "service", "shop"]).ok());
    let checked = site.backout(&["check"]).expect_code(6).stdout;
    let line = checked.lines().find(|line| line.contains("front is up")).unwrap_or(&checked);
    assert!(line.starts_with("FAILS") && line.contains("there is no such object"), "{checked}");
}
