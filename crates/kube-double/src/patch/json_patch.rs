//! JSON patch (RFC 6902).

use serde_json::Value;

/// The target with the operations done one after the other; the message where one cannot be.
pub(crate) fn json_patch(mut target: Value, operations: &Value) -> Result<Value, String> {
    for operation in operations.as_array().into_iter().flatten() {
        let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
        let path = text("path");
        let value = operation.get("value").cloned().unwrap_or_default();
        match text("op") {
            "add" => add(&mut target, path, value)?,
            "remove" => drop(remove(&mut target, path)?),
            "replace" => {
                let place = target.pointer_mut(path).ok_or_else(|| missing("replace", path))?;
                *place = value;
            }
            "move" => {
                let moved = remove(&mut target, text("from"))?;
                add(&mut target, path, moved)?;
            }
            "copy" => {
                let copied = target.pointer(text("from")).cloned().ok_or_else(|| missing("copy", text("from")))?;
                add(&mut target, path, copied)?;
            }
            "test" if target.pointer(path).unwrap_or(&Value::Null) == &value => {}
            "test" => return Err(format!("testing value {path} failed: test failed")),
            other => return Err(format!("Unexpected kind: {other}")),
        }
    }
    Ok(target)
}

fn missing(operation: &str, path: &str) -> String {
    format!("{operation} operation does not apply: doc is missing path: {path}: missing value")
}

fn split(path: &str) -> (&str, String) {
    let (parent, last) = path.rsplit_once('/').unwrap_or(("", path));
    (parent, last.replace("~1", "/").replace("~0", "~"))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *target = value;
        return Ok(());
    }
    let (parent, last) = split(path);
    match target.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.insert(last, value)),
        Some(Value::Array(items)) => {
            let index = if last == "-" { Some(items.len()) } else { last.parse().ok() };
            let index = index.filter(|index| *index <= items.len()).ok_or_else(|| missing("add", path))?;
            items.insert(index, value);
        }
        _ => return Err(missing("add", path)),
    }
    Ok(())
}

fn remove(target: &mut Value, path: &str) -> Result<Value, String> {
    let (parent, last) = split(path);
    let removed = match target.pointer_mut(parent) {
        Some(Value::Object(map)) => map.remove(&last),
        Some(Value::Array(items)) => {
            let index = last.parse().ok().filter(|index: &usize| *index < items.len());
            index.map(|index| items.remove(index))
        }
        _ => None,
    };
    removed.ok_or_else(|| missing("remove", path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_are_done_in_turn_and_a_test_that_fails_is_told() {
        let target = json!({"a": [1, 2], "b/c": {"d": 1}});
        let operations = json!([
            {"op": "test", "path": "/b~1c/d", "value": 1},
            {"op": "add", "path": "/a/-", "value": 3},
            {"op": "move", "from": "/b~1c/d", "path": "/e"},
            {"op": "remove", "path": "/a/0"},
        ]);
        assert_eq!(json_patch(target.clone(), &operations), Ok(json!({"a": [2, 3], "b/c": {}, "e": 1})));
        assert!(json_patch(target, &json!([{"op": "test", "path": "/a/0", "value": 9}])).is_err());
    }
}
