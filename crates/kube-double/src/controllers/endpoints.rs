//! Endpoints of Services: an EndpointSlice and the older Endpoints, of the pods that the selector of each Service matches.
//!
//! Contract: as in a cluster, one without a selector gets none, and one whose selector matches no pod gets an empty one.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, kinds, object};
use crate::controllers::ownership::{is_pod_ready, suffix};

const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Brings the endpoints of every Service of a namespace up to date, once a pod or a Service of it has changed or gone.
pub(crate) fn follow(cluster: &mut Cluster, changed: &Key) {
    let services = cluster.store.list(&kinds::SERVICES, &changed.namespace);
    let services: Vec<Value> = services.map(|(_, service)| service.clone()).collect();
    for service in services {
        if service.pointer("/spec/selector").and_then(Value::as_object).is_some_and(|selector| !selector.is_empty()) {
            keep(cluster, &service);
        }
    }
    let is_gone = changed.is_of(&kinds::SERVICES) && cluster.store.get(changed).is_none();
    if is_gone {
        // What an EndpointSlice belongs to takes it along.
        cluster.store.remove(&Key::new(&kinds::ENDPOINTS, &changed.namespace, &changed.name));
    }
}

fn keep(cluster: &mut Cluster, service: &Value) {
    let pods = selected(cluster, service);
    let (namespace, name) = (object::namespace(service), object::name(service));
    let mut found = cluster.store.owned(&kinds::ENDPOINT_SLICES, object::uid(service));
    let slice_name = match found.pop() {
        Some(slice) => object::name(&slice).to_owned(),
        None => format!("{name}-{}", suffix(cluster)),
    };
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": slice_name, "generateName": format!("{name}-"), "namespace": namespace,
            "labels": {
                SERVICE_NAME: name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": object::owner_reference(&kinds::SERVICES, service),
        },
        "endpoints": pods.iter().map(|pod| endpoint(service, pod)).collect::<Vec<_>>(),
        "ports": ports(service),
    });
    cluster.store.put(&Key::new(&kinds::ENDPOINT_SLICES, namespace, &slice_name), slice);
    let endpoints = json!({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name, "namespace": namespace},
        "subsets": subsets(service, &pods),
    });
    cluster.store.put(&Key::new(&kinds::ENDPOINTS, namespace, name), endpoints);
}

/// The pods that a Service selects and that have an address; those that have ended have given it back.
fn selected(cluster: &Cluster, service: &Value) -> Vec<Value> {
    let wanted = object::at(service, "/spec/selector");
    let wanted = wanted.as_object().cloned().unwrap_or_default();
    let is_selected = |pod: &Value| {
        let has = |(name, value): (&String, &Value)| value.as_str() == Some(object::label(pod, name));
        let has_ended = ["Failed", "Succeeded"].contains(&object::text(pod, "/status/phase"));
        wanted.iter().all(has) && !object::text(pod, "/status/podIP").is_empty() && !has_ended
    };
    let pods = cluster.store.list(&kinds::PODS, object::namespace(service)).map(|(_, pod)| pod);
    pods.filter(|pod| is_selected(pod)).cloned().collect()
}

fn is_served(service: &Value, pod: &Value) -> bool {
    object::is_true(service, "/spec/publishNotReadyAddresses")
        || is_pod_ready(pod) && object::text(pod, "/metadata/deletionTimestamp").is_empty()
}

fn target(pod: &Value) -> Value {
    json!({
        "kind": "Pod", "name": object::name(pod), "namespace": object::namespace(pod), "uid": object::uid(pod),
    })
}

fn endpoint(service: &Value, pod: &Value) -> Value {
    let is_leaving = !object::text(pod, "/metadata/deletionTimestamp").is_empty();
    json!({
        "addresses": [object::text(pod, "/status/podIP")],
        "conditions": {"ready": is_served(service, pod), "serving": is_pod_ready(pod), "terminating": is_leaving},
        "nodeName": "node-1",
        "targetRef": target(pod),
    })
}

fn ports(service: &Value) -> Vec<Value> {
    let port = |port: &Value| {
        let number = match object::number(port, "/targetPort") {
            0 => object::number(port, "/port"),
            number => number,
        };
        let protocol = if object::text(port, "/protocol").is_empty() { "TCP" } else { object::text(port, "/protocol") };
        json!({"name": object::text(port, "/name"), "port": number, "protocol": protocol})
    };
    object::list(service, "/spec/ports").iter().map(port).collect()
}

/// The addresses of pods that are ready and of those that are not, in one subset; none where there are no pods.
fn subsets(service: &Value, pods: &[Value]) -> Vec<Value> {
    let address =
        |pod: &Value| json!({"ip": object::text(pod, "/status/podIP"), "nodeName": "node-1", "targetRef": target(pod)});
    let (ready, others): (Vec<&Value>, Vec<&Value>) = pods.iter().partition(|pod| is_served(service, pod));
    let addresses = |pods: Vec<&Value>| Value::Array(pods.into_iter().map(address).collect());
    let mut subset = json!({"ports": ports(service)});
    for (key, pods) in [("addresses", ready), ("notReadyAddresses", others)] {
        if !pods.is_empty() {
            subset[key] = addresses(pods);
        }
    }
    if pods.is_empty() { Vec::new() } else { vec![subset] }
}
