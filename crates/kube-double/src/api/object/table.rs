//! Tables, as `kubectl get` shows them.

use serde_json::{Value, json};

use crate::api::Call;
use crate::cluster::{Resource, clock, object};

/// Whether the client asks for a table first.
pub(crate) fn is_wanted(call: &Call) -> bool {
    call.accept.split(',').next().unwrap_or_default().contains("as=Table")
}

/// The objects as rows.
pub(crate) fn table(resource: &Resource, objects: &[&Value], metadata: &Value) -> Value {
    let columns: Vec<Value> = columns(resource.kind)
        .iter()
        .map(|name| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({"name": name, "type": "string", "format": format, "description": "", "priority": 0})
        })
        .collect();
    let row = |value: &&Value| {
        json!({
            "cells": cells(resource.kind, value),
            "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object::at(value, "/metadata")},
        })
    };
    let rows: Vec<Value> = objects.iter().map(row).collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns, "rows": rows,
    })
}

fn columns(kind: &str) -> &'static [&'static str] {
    match kind {
        "Deployment" => &["Name", "Ready", "Up-to-date", "Available", "Age"],
        "ReplicaSet" => &["Name", "Desired", "Current", "Ready", "Age"],
        "StatefulSet" => &["Name", "Ready", "Age"],
        "DaemonSet" => &["Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Age"],
        "Pod" => &["Name", "Ready", "Status", "Restarts", "Age"],
        "Job" => &["Name", "Status", "Age"],
        "Endpoints" => &["Name", "Endpoints", "Age"],
        "EndpointSlice" => &["Name", "AddressType", "Ports", "Endpoints", "Age"],
        "Event" => &["Last Seen", "Type", "Reason", "Object", "Message"],
        _ => &["Name", "Age"],
    }
}

fn cells(kind: &str, value: &Value) -> Vec<Value> {
    let name = object::name(value).to_owned();
    let count = |pointer: &str| json!(object::number(value, pointer).to_string());
    let of = |one: &str, all: &str| json!(format!("{}/{}", object::number(value, one), object::number(value, all)));
    let age = json!(age(object::text(value, "/metadata/creationTimestamp")));
    let mut cells = match kind {
        "Deployment" => vec![
            of("/status/readyReplicas", "/spec/replicas"),
            count("/status/updatedReplicas"),
            count("/status/availableReplicas"),
        ],
        "ReplicaSet" => vec![count("/spec/replicas"), count("/status/replicas"), count("/status/readyReplicas")],
        "StatefulSet" => vec![of("/status/readyReplicas", "/spec/replicas")],
        "DaemonSet" => [
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "updatedNumberScheduled",
            "numberAvailable",
        ]
        .map(|name| count(&format!("/status/{name}")))
        .to_vec(),
        "Pod" => pod(value),
        "Job" => vec![json!(
            object::list(value, "/status/conditions").last().map_or("Running", |last| object::text(last, "/type"))
        )],
        "Endpoints" => vec![json!(or(endpoints(value), "<none>"))],
        "EndpointSlice" => slice(value),
        "Event" => {
            let involved = object::at(value, "/involvedObject");
            let about =
                format!("{}/{}", object::text(&involved, "/kind").to_lowercase(), object::text(&involved, "/name"));
            let text = |pointer: &str| json!(object::text(value, pointer));
            return vec![age, text("/type"), text("/reason"), json!(about), text("/message")];
        }
        _ => Vec::new(),
    };
    cells.insert(0, json!(name));
    cells.push(age);
    cells
}

fn pod(value: &Value) -> Vec<Value> {
    let statuses = object::list(value, "/status/containerStatuses");
    let ready = statuses.iter().filter(|status| object::is_true(status, "/ready")).count();
    let restarts: i64 = statuses.iter().map(|status| object::number(status, "/restartCount")).sum();
    let reasons = statuses.iter().flat_map(|status| {
        ["/state/waiting/reason", "/state/terminated/reason"].map(|pointer| object::text(status, pointer))
    });
    let reason = reasons.into_iter().find(|reason| !reason.is_empty());
    let shown = reason.unwrap_or_else(|| object::text(value, "/status/phase"));
    vec![json!(format!("{ready}/{}", statuses.len())), json!(shown), json!(restarts.to_string())]
}

/// The addresses of pods that are ready, each with every port.
fn endpoints(value: &Value) -> String {
    let mut all = Vec::new();
    for subset in object::list(value, "/subsets") {
        let ports = object::list(subset, "/ports").iter().map(|port| object::number(port, "/port"));
        for port in ports.collect::<Vec<_>>() {
            let addresses = object::list(subset, "/addresses").iter().map(|address| object::text(address, "/ip"));
            all.extend(addresses.map(|address| format!("{address}:{port}")));
        }
    }
    all.join(",")
}

/// All addresses, whether or not their pods are ready, as `kubectl` shows them.
fn slice(value: &Value) -> Vec<Value> {
    let ports = object::list(value, "/ports").iter().map(|port| object::number(port, "/port").to_string());
    let addresses = object::list(value, "/endpoints").iter().map(|endpoint| object::text(endpoint, "/addresses/0"));
    let (ports, addresses) = (ports.collect::<Vec<_>>().join(","), addresses.collect::<Vec<_>>().join(","));
    vec![json!(object::text(value, "/addressType")), json!(or(ports, "<unset>")), json!(or(addresses, "<unset>"))]
}

fn or(text: String, none: &str) -> String {
    if text.is_empty() { none.to_owned() } else { text }
}

fn age(created: &str) -> String {
    let seconds = clock::parse(created).map_or(0, |created| clock::now().duration_since(created).as_secs());
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        _ => format!("{}h", seconds / 3_600),
    }
}
