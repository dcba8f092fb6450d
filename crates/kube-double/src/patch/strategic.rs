//! Strategic merge patch: a merge patch in which some lists are merged element by element.
//!
//! | in the patch | does |
//! |---|---|
//! | `$patch: replace` | the object (or, as an element, the list) is what the patch says |
//! | `$patch: delete` | the object or the element goes |
//! | `$retainKeys` | other fields of the object go |
//! | `$deleteFromPrimitiveList/F` | those values go from the list `F` |
//! | `$setElementOrder/F` | the elements of `F` stand in that order |

use serde_json::{Map, Value};

use crate::patch::lists::{identity, is_set, merge_keys};

/// The target with the patch merged in.
pub(crate) fn strategic(target: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let directive = changes.get("$patch").and_then(Value::as_str);
    let mut map = match target {
        Value::Object(map) if directive.is_none() => map,
        _ => Map::new(),
    };
    if let Some(kept) = changes.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|name, _| kept.iter().any(|kept| kept == name));
    }
    for (name, change) in changes {
        if let Some(field) = name.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = change.as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(items) = map.get_mut(field).and_then(Value::as_array_mut) {
                items.retain(|item| !gone.contains(item));
            }
        } else if name.starts_with('$') {
        } else if change.is_null() {
            map.remove(name);
        } else {
            let old = map.remove(name).unwrap_or_default();
            let new = field(name, old, change);
            if !(new.is_null() || change.get("$patch").is_some_and(|patch| patch == "delete")) {
                map.insert(name.clone(), new);
            }
        }
    }
    for (name, order) in changes {
        if let Some(field) = name.strip_prefix("$setElementOrder/") {
            sort(field, map.get_mut(field), order);
        }
    }
    Value::Object(map)
}

fn field(name: &str, old: Value, change: &Value) -> Value {
    let Value::Array(changes) = change else { return strategic(old, change) };
    let old = match old {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    if is_set(name) {
        let new = changes.iter().filter(|item| !old.contains(item)).cloned();
        return Value::Array(old.iter().cloned().chain(new).collect());
    }
    if changes.iter().any(|item| item.get("$patch").is_some_and(|patch| patch == "replace")) {
        let kept = changes.iter().filter(|item| item.get("$patch").is_none());
        return Value::Array(kept.cloned().collect());
    }
    let sample: Vec<Value> = old.iter().chain(changes).cloned().collect();
    match merge_keys(name, &sample) {
        // A port is told apart by its number alone here; its protocol counts only in server-side apply.
        Some(keys) => Value::Array(elements(old, changes, &keys[..1])),
        None => change.clone(),
    }
}

fn elements(mut items: Vec<Value>, changes: &[Value], keys: &[&str]) -> Vec<Value> {
    for change in changes {
        let place = items.iter().position(|item| identity(item, keys) == identity(change, keys));
        let is_deleted = change.get("$patch").is_some_and(|patch| patch == "delete");
        match place {
            Some(index) if is_deleted => drop(items.remove(index)),
            Some(index) => items[index] = strategic(items[index].clone(), change),
            None if is_deleted => {}
            None => items.push(strategic(Value::Null, change)),
        }
    }
    items
}

/// Brings the elements into the order of the patch; those it does not name stay behind.
fn sort(field: &str, items: Option<&mut Value>, order: &Value) {
    let (Some(Value::Array(items)), Some(order)) = (items, order.as_array()) else { return };
    let keys = merge_keys(field, items);
    items.sort_by_key(|item| {
        let is_it = |wanted: &Value| match keys {
            Some(keys) => identity(item, &keys[..1]) == identity(wanted, &keys[..1]),
            None => item == wanted,
        };
        order.iter().position(is_it).unwrap_or(usize::MAX)
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn containers_are_merged_by_name_and_their_variables_too() {
        let target = json!({"containers": [
            {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "1"}]},
            {"name": "b", "image": "b:1"},
        ]});
        let patch = json!({"containers": [
            {"name": "a", "image": "a:2", "env": [{"name": "X", "$patch": "delete"}, {"name": "Z", "value": "2"}]},
        ]});
        let wanted = json!({"containers": [
            {"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "1"}, {"name": "Z", "value": "2"}]},
            {"name": "b", "image": "b:1"},
        ]});
        assert_eq!(strategic(target, &patch), wanted);
    }

    #[test]
    fn a_replaced_object_keeps_nothing_of_the_old_one() {
        let target = json!({"template": {"a": 1, "b": {"c": 1}}});
        let patch = json!({"template": {"$patch": "replace", "b": {"d": 2}}});
        assert_eq!(strategic(target, &patch), json!({"template": {"b": {"d": 2}}}));
    }

    #[test]
    fn only_retained_keys_stay() {
        let target = json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}});
        let patch = json!({"strategy": {"$retainKeys": ["type"], "type": "Recreate"}});
        assert_eq!(strategic(target, &patch), json!({"strategy": {"type": "Recreate"}}));
    }
}
