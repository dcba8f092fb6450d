//! Reading and writing parts of an object, which is plain JSON here.
//!
//! Contract: what is missing or of another type reads as empty, zero or false; writing makes the folders on the way.

use serde_json::{Map, Value, json};

use crate::cluster::Resource;

/// The text at a JSON pointer; empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at a JSON pointer; zero where there is none.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// Whether `true` stands at a JSON pointer.
pub(crate) fn is_true(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The elements of the list at a JSON pointer; none where there is no list.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A copy of what stands at a JSON pointer; null where there is nothing.
pub(crate) fn at(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).cloned().unwrap_or_default()
}

/// Writes a value below the path of names, making the objects on the way; null removes it.
pub(crate) fn set(object: &mut Value, path: &[&str], value: Value) {
    let Some((last, way)) = path.split_last() else { return };
    let mut place = object;
    for name in way {
        if !place.get(*name).is_some_and(Value::is_object) {
            if value.is_null() {
                return;
            }
            place[*name] = json!({});
        }
        place = &mut place[*name];
    }
    let Some(map) = place.as_object_mut() else { return };
    match value {
        Value::Null => drop(map.remove(*last)),
        value => drop(map.insert((*last).to_owned(), value)),
    }
}

/// The value of a label; empty where there is none.
pub(crate) fn label<'a>(object: &'a Value, name: &str) -> &'a str {
    object.pointer("/metadata/labels").and_then(|labels| labels.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// The value of an annotation; empty where there is none.
pub(crate) fn annotation<'a>(object: &'a Value, name: &str) -> &'a str {
    let annotations = object.pointer("/metadata/annotations");
    annotations.and_then(|annotations| annotations.get(name)).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// The id of the object that controls this one; empty where none does.
pub(crate) fn controller(object: &Value) -> &str {
    let owners = list(object, "/metadata/ownerReferences");
    owners.iter().find(|owner| is_true(owner, "/controller")).map(|owner| text(owner, "/uid")).unwrap_or_default()
}

/// What a dependent says about the object that controls it.
pub(crate) fn owner_reference(resource: &Resource, owner: &Value) -> Value {
    json!([{
        "apiVersion": resource.api_version(),
        "kind": resource.kind,
        "name": name(owner),
        "uid": uid(owner),
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

/// The object without nulls and empty containers: how two templates are compared.
pub(crate) fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| *name != "pod-template-hash");
            let kept = kept.map(|(name, value)| (name.clone(), stripped(value)));
            Value::Object(kept.filter(|(_, value)| !is_empty(value)).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(stripped).collect()),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
