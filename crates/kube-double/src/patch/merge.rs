//! JSON merge patch (RFC 7386).

use serde_json::{Map, Value};

/// The target with the patch merged in; null removes.
pub(crate) fn merge(target: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut map = match target {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    for (name, change) in changes {
        if change.is_null() {
            map.remove(name);
        } else {
            let old = map.remove(name).unwrap_or_default();
            map.insert(name.clone(), merge(old, change));
        }
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_removes_and_lists_are_replaced() {
        let merged = merge(json!({"a": {"b": 1, "c": 2}, "d": [1, 2]}), &json!({"a": {"b": null}, "d": [3]}));
        assert_eq!(merged, json!({"a": {"c": 2}, "d": [3]}));
    }
}
