//! Which lists are merged element by element, and by what.

use serde_json::{Map, Value};

/// The fields that tell the elements of a list of objects apart; none where the list is replaced as a whole.
///
/// `items` are some elements: a list named `ports` is a container's or a Service's.
pub(crate) fn merge_keys(field: &str, items: &[Value]) -> Option<&'static [&'static str]> {
    let has = |name: &str| items.iter().any(|item| item.get(name).is_some());
    if !items.iter().all(Value::is_object) {
        return None;
    }
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "volumeDevices"
        | "secrets" => Some(&["name"]),
        "ports" if has("containerPort") => Some(&["containerPort", "protocol"]),
        "ports" => Some(&["port", "protocol"]),
        "volumeMounts" => Some(&["mountPath"]),
        "conditions" => Some(&["type"]),
        "ownerReferences" => Some(&["uid"]),
        "hostAliases" => Some(&["ip"]),
        "topologySpreadConstraints" => Some(&["topologyKey", "whenUnsatisfiable"]),
        _ => None,
    }
}

/// Whether a list of plain values is a set.
pub(crate) fn is_set(field: &str) -> bool {
    field == "finalizers"
}

/// The part of an element that tells it apart.
pub(crate) fn identity(item: &Value, keys: &[&str]) -> Map<String, Value> {
    let value = |key: &str| match (item.get(key), key) {
        (Some(value), _) => Some(value.clone()),
        (None, "protocol") => Some(Value::String("TCP".to_owned())),
        (None, _) => None,
    };
    keys.iter().filter_map(|key| Some(((*key).to_owned(), value(key)?))).collect()
}
