//! What is kept of an Application before it goes back.

use backout_core::port::Evidence;
use kube::core::DynamicObject;
use serde_json::{Value, json};

/// The resource, and what Argo CD says of each thing in it, without the fields that only machines read.
pub(super) fn evidence(object: &DynamicObject) -> Vec<Evidence> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let mut object = object.clone();
    object.metadata.managed_fields = None;
    let resources = object.data.pointer("/status/resources").cloned().unwrap_or(Value::Null);
    let state = json!({
        "health": object.data.pointer("/status/health"),
        "sync": object.data.pointer("/status/sync"),
        "operation": object.data.pointer("/status/operationState"),
        "conditions": object.data.pointer("/status/conditions"),
        "history": object.data.pointer("/status/history"),
    });
    let whole = serde_json::to_value(&object).unwrap_or(Value::Null);
    [("application", whole), ("state", state), ("resources", resources)]
        .into_iter()
        .map(|(what, value)| Evidence {
            name: format!("{name}.{what}.json"),
            content: format!("{value:#}\n").into_bytes(),
        })
        .collect()
}
