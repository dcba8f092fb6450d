//! Services and their endpoints, as `kubectl` shows them.

use serde_json::{Value, json};

use crate::ground::{Ground, both};
use crate::manifest::workload;

fn service(selector: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"},
        "spec": {"selector": selector, "ports": [{"port": 80, "targetPort": 8080}]}})
}

/// The ready addresses of the only EndpointSlice of `front`.
fn ready(ground: &Ground) -> Vec<String> {
    let words = "get endpointslices -l kubernetes.io/service-name=front -o json";
    let slices: Value = serde_json::from_str(&ground.kubectl(words)).unwrap();
    assert_eq!(slices["items"].as_array().map(Vec::len), Some(1), "{slices:#}");
    let endpoints = slices["items"][0]["endpoints"].as_array().cloned().unwrap_or_default();
    let ready = endpoints.iter().filter(|endpoint| endpoint["conditions"]["ready"] == true);
    ready.map(|endpoint| endpoint["addresses"][0].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_service_leads_to_the_ready_pods_that_its_selector_matches() {
    both("a_service_leads_to_the_ready_pods_that_its_selector_matches", |ground| {
        ground.apply(&service(&json!({"app": "web"})));
        assert_eq!(ready(ground), Vec::<String>::new());
        assert!(ground.kubectl("get endpoints front --no-headers").starts_with("front   <none>"));
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.kubectl("rollout status deploy/web --timeout=30s");
        ground.until("two endpoints", |ground| ready(ground).len() == 2);
        let mut pods: Vec<String> =
            ground.kubectl("get pods -o jsonpath={.items[*].status.podIP}").split(' ').map(str::to_owned).collect();
        let mut led = ready(ground);
        pods.sort_unstable();
        led.sort_unstable();
        assert_eq!(led, pods);
        let row = ground.kubectl("get endpoints front --no-headers");
        assert!(led.iter().all(|address| row.contains(&format!("{address}:8080"))), "{row}");
        let row = ground.kubectl("get endpointslices --no-headers");
        assert!(row.starts_with("front-") && row.contains("IPv4") && row.contains("8080"), "{row}");

        ground.kubectl("set image deploy/web app=shop/web:2-never-ready");
        ground.kubectl("scale deploy/web --replicas=1");
        ground.until("one that is not ready", |ground| {
            ready(ground).len() == 1 && ground.kubectl("get endpoints front -o json").contains("notReadyAddresses")
        });

        ground.apply(&service(&json!({"app": "other"})));
        ground.until("none", |ground| ready(ground).is_empty());
        ground.kubectl("delete service front");
        ground.until("no endpoints", |ground| ground.kubectl("get endpoints,endpointslices -o name").trim().is_empty());
    });
}

#[test]
fn a_service_without_a_selector_gets_no_endpoints() {
    both("a_service_without_a_selector_gets_no_endpoints", |ground| {
        ground.apply(&workload("Deployment", "web", "shop/web:1"));
        ground.apply(&service(&Value::Null));
        ground.kubectl("rollout status deploy/web --timeout=30s");
        assert_eq!(ground.kubectl("get endpoints,endpointslices -o name").trim(), "");
    });
}
