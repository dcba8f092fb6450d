//! One service of a Compose document while it is being rebuilt from a container.

use serde_json::{Map, Value};

/// A service's keys. Text that is put in is escaped, because Compose interpolates what it reads.
#[derive(Debug, Default)]
pub(super) struct Service(Map<String, Value>);

impl Service {
    /// Starts from what the files say of the service.
    pub(super) fn from_files(service: Option<&Value>) -> Self {
        Self(service.and_then(Value::as_object).cloned().unwrap_or_default())
    }

    /// Puts a value in place of what the files say; nothing and empty values remove the key.
    pub(super) fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = escaped(value.into());
        if is_empty(&value) {
            self.0.remove(key);
        } else {
            self.0.insert(key.to_owned(), value);
        }
    }

    /// Puts a value in even where it is empty.
    pub(super) fn set_exactly(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), escaped(value.into()));
    }

    pub(super) fn remove(&mut self, keys: &[&str]) {
        for key in keys {
            self.0.remove(*key);
        }
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.get_mut(key)
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// The value with every `$` doubled, so that Compose reads it back as it is.
pub(super) fn escaped(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('$', "$$")),
        Value::Array(list) => list.into_iter().map(escaped).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, escaped(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dollar_survives_interpolation() {
        let mut service = Service::default();
        service.set("command", json!(["echo", "$HOME"]));
        assert_eq!(service.into_value(), json!({"command": ["echo", "$$HOME"]}));
    }

    #[test]
    fn an_empty_value_removes_what_the_files_say() {
        let mut service = Service::from_files(Some(&json!({"user": "app", "image": "x"})));
        service.set("user", "");
        assert_eq!(service.into_value(), json!({"image": "x"}));
    }
}
