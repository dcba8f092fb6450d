//! As much of JSON Schema as the schema uses: enough to check that it says what the reader does.

use serde_json::Value;

/// Why a value does not fit a schema; `None` if it does.
pub(super) fn misfit(value: &Value, schema: &Value, root: &Value) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return misfit(value, root.pointer(&reference[1..]).unwrap(), root);
    }
    if let Some(all) = schema["allOf"].as_array()
        && let Some(why) = all.iter().find_map(|schema| misfit(value, schema, root))
    {
        return Some(why);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let misfits: Option<Vec<String>> = any.iter().map(|schema| misfit(value, schema, root)).collect();
        return misfits.map(|all| all.join(" and "));
    }
    if !has_type(value, &schema["type"]) {
        return Some(format!("{value} is not of type {}", schema["type"]));
    }
    text(value, schema).or_else(|| members(value, schema, root)).or_else(|| items(value, schema, root))
}

fn has_type(value: &Value, types: &Value) -> bool {
    let fits = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    };
    match types {
        Value::Null => true,
        Value::Array(names) => names.iter().any(fits),
        name => fits(name),
    }
}

fn text(value: &Value, schema: &Value) -> Option<String> {
    if let (Some(text), Some(pattern)) = (value.as_str(), schema["pattern"].as_str())
        && !regex::Regex::new(pattern).unwrap().is_match(text)
    {
        return Some(format!("{value} does not match {pattern}"));
    }
    let (minimum, maximum) = (schema["minimum"].as_f64()?, schema["maximum"].as_f64()?);
    value
        .as_f64()
        .filter(|number| !(minimum..=maximum).contains(number))
        .map(|number| format!("{number} is out of range"))
}

fn members(value: &Value, schema: &Value, root: &Value) -> Option<String> {
    let object = value.as_object()?;
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(key) = required.iter().find(|key| !object.contains_key(key.as_str().unwrap())) {
        return Some(format!("{key} is missing"));
    }
    object.iter().find_map(|(key, value)| match (schema["properties"].get(key), &schema["additionalProperties"]) {
        (Some(schema), _) => misfit(value, schema, root).map(|why| format!("{key}: {why}")),
        (None, Value::Bool(false)) => Some(format!("{key} is not a key")),
        (None, Value::Null) => None,
        (None, schema) => misfit(value, schema, root).map(|why| format!("{key}: {why}")),
    })
}

fn items(value: &Value, schema: &Value, root: &Value) -> Option<String> {
    let items = value.as_array()?;
    items.iter().find_map(|item| schema.get("items").and_then(|schema| misfit(item, schema, root)))
}
