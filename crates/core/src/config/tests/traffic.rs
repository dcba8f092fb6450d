//! What leads users to one of several services.

use std::collections::BTreeMap;

use serde_json::json;

use super::{loaded, problems, staging};
use crate::config::{ServicePlatform, TrafficService};
use crate::id::ServiceName;
use crate::inventory::PlatformKind;
use crate::journal::Former;

/// A front between blue and green, and the platform it is on.
fn with(front: &str) -> String {
    staging(&format!("services:\n  blue: {{}}\n  green: {{}}\n  front: {front}"))
}

fn front(text: &str) -> TrafficService {
    let config = loaded(text).unwrap();
    let services = &config.environments.values().next().unwrap().services;
    let service = &services[&ServiceName::new("front").unwrap()];
    assert_eq!((service.platform.kind(), service.probes.len()), (PlatformKind::Traffic, 0));
    let ServicePlatform::Traffic(traffic) = &service.platform else { panic!() };
    traffic.clone()
}

fn leads_to(traffic: &TrafficService, found: &Former) -> Option<String> {
    traffic.leads_to(found).map(ToString::to_string)
}

#[test]
fn a_link_leads_to_the_service_that_it_was_given() {
    let front = front(&with("{ traffic: { link: up.conf, to: { blue: b.conf, green: g.conf }, check: [nginx, -t] } }"));
    let link = |to: &str| Former::Link { to: to.to_owned() };
    assert_eq!(leads_to(&front, &link("g.conf")).as_deref(), Some("green"));
    assert_eq!(leads_to(&front, &link("./g.conf")), None);
    assert_eq!(leads_to(&front, &Former::Absent), None);
}

#[test]
fn a_service_of_a_cluster_leads_by_its_whole_selector() {
    let to = "{ blue: { app: web, color: blue }, green: { app: web, color: green } }";
    let front = front(&with(&format!(
        "{{ platform: {{ kubernetes: {{ namespace: shop }} }}, traffic: {{ service: web, to: {to} }} }}"
    )));
    let fields = |selector| Former::Fields { fields: BTreeMap::from([("selector".to_owned(), selector)]) };
    assert_eq!(leads_to(&front, &fields(json!({ "app": "web", "color": "blue" }))).as_deref(), Some("blue"));
    assert_eq!(leads_to(&front, &fields(json!({ "color": "blue" }))), None);
    assert_eq!(leads_to(&front, &fields(json!(null))), None);
}

#[test]
fn what_leads_users_somewhere_uses_no_database() {
    let text = with("{ traffic: { link: a, to: { blue: b, green: c } } }");
    let text = format!("{text}    databases: {{ main: {{ postgres: {{ url: 'env:DATABASE_URL' }} }} }}\n");
    let config = loaded(&text).unwrap();
    let databases = &config.environments.values().next().unwrap().databases;
    let used_by = databases.values().next().unwrap().used_by.iter().map(ToString::to_string);
    assert_eq!(used_by.collect::<Vec<_>>(), ["blue", "green"]);
}

#[test]
fn what_would_lead_nowhere_is_reported() {
    let wrong = [
        ("{ traffic: { link: up.conf, to: { blue: b.conf } } }", "leads nowhere else"),
        ("{ traffic: { link: up.conf, to: { blue: b.conf, red: r.conf } } }", "would lead to `red`"),
        ("{ traffic: { link: up.conf, to: { blue: b.conf, front: r.conf } } }", "would lead to `front`"),
        ("{ traffic: { to: { blue: b.conf, green: g.conf } } }", "`traffic` is empty"),
        ("{ traffic: { link: up.conf, to: { blue: b.conf, green: { app: web } } } }", "has labels"),
        ("{ traffic: { service: web, to: { blue: { a: b }, green: { a: c } } } }", "on which cluster"),
        ("{ traffic: { link: a, to: { blue: b, green: c } }, units: [web.service] }", "belongs to platform `host`"),
        (
            "{ traffic: { link: a, to: { blue: b, green: c } }, depends_on: [green] }",
            "one of the two depends on the other",
        ),
    ];
    for (front, words) in wrong {
        let found = problems(&with(front));
        assert!(found.iter().any(|problem| problem.contains(words)), "{front}: {found:?}");
    }
}
