//! Reading objects of the API as they came: a field that is not there is `None`, never an error, because the server may
//! know fewer fields than we do, or more.

use jiff::Timestamp;
use kube::core::DynamicObject;
use serde_json::{Map, Value};

/// The text at a JSON pointer below an object's own fields (`/spec/...`, `/status/...`).
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// The whole number there.
pub(crate) fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer)?.as_i64()
}

/// Whether `true` stands there.
pub(crate) fn is_true(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

/// The list there; empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The time there.
pub(crate) fn moment(value: &Value, pointer: &str) -> Option<Timestamp> {
    text(value, pointer)?.parse().ok()
}

/// The condition of that type in an object's status.
pub(crate) fn condition<'a>(value: &'a Value, kind: &str) -> Option<&'a Value> {
    list(value, "/status/conditions").iter().find(|condition| text(condition, "/type") == Some(kind))
}

/// An annotation.
pub(crate) fn annotation<'a>(object: &'a DynamicObject, name: &str) -> Option<&'a str> {
    object.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

/// A label.
pub(crate) fn label<'a>(object: &'a DynamicObject, name: &str) -> Option<&'a str> {
    object.metadata.labels.as_ref()?.get(name).map(String::as_str)
}

/// Its name; empty where it has none, which no object of a server has.
pub(crate) fn name(object: &DynamicObject) -> &str {
    object.metadata.name.as_deref().unwrap_or_default()
}

/// Its id; empty where it has none, which no object of a server has.
pub(crate) fn uid(object: &DynamicObject) -> &str {
    object.metadata.uid.as_deref().unwrap_or_default()
}

/// When it was made.
pub(crate) fn made_at(object: &DynamicObject) -> Option<Timestamp> {
    object.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

/// Whether `owner` is the controller of `object`: the one of its owners that makes and removes it.
pub(crate) fn is_controlled_by(object: &DynamicObject, owner: &DynamicObject) -> bool {
    let Some(uid) = owner.metadata.uid.as_deref() else { return false };
    let mut owners = object.metadata.owner_references.iter().flatten();
    owners.any(|reference| reference.controller == Some(true) && reference.uid == uid)
}

/// The same value without what says nothing: nulls, empty lists, empty maps. Keys in order, so that equal values have equal
/// text.
pub(crate) fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut kept: Vec<(&String, Value)> = fields.iter().map(|(key, value)| (key, stripped(value))).collect();
            kept.retain(|(_, value)| !says_nothing(value));
            kept.sort_by_key(|(key, _)| *key);
            Value::Object(kept.into_iter().map(|(key, value)| (key.clone(), value)).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(stripped).collect()),
        other => other.clone(),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_nothing_does_not_make_two_values_differ() {
        let one = json!({"b": {"creationTimestamp": null, "labels": {}}, "a": [{"x": []}], "c": ""});
        assert_eq!(stripped(&one), json!({"a": [{}], "c": ""}));
        assert_eq!(stripped(&one).to_string(), r#"{"a":[{}],"c":""}"#);
    }

    #[test]
    fn only_the_controller_owns() {
        let owner: DynamicObject = serde_json::from_value(json!({"metadata": {"uid": "u1"}})).unwrap();
        let of = |controller: bool, uid: &str| -> DynamicObject {
            let reference = json!({"apiVersion": "v1", "kind": "X", "name": "x", "uid": uid, "controller": controller});
            serde_json::from_value(json!({"metadata": {"ownerReferences": [reference]}})).unwrap()
        };
        assert!(is_controlled_by(&of(true, "u1"), &owner));
        assert!(!is_controlled_by(&of(false, "u1"), &owner));
        assert!(!is_controlled_by(&of(true, "u2"), &owner));
    }
}
