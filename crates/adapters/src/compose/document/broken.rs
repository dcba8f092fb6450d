//! A captured document whose service cannot work: what a drill brings up.

use backout_core::policy::NO_IMAGE;
use backout_core::port::{Breakage, PortError};
use serde_json::{Value, json};

use crate::compose::container::label;

/// What a container runs that ends at once. Where there is no shell it cannot even start, which is as bad.
const ENDS: [&str; 3] = ["/bin/sh", "-c", "echo 'a drill of backout: this ends on purpose' >&2; exit 70"];

/// The captured project with one service altered. It is another version of the service: what it stands for is not written on it.
///
/// # Errors
/// A document that cannot be read, or that has no such service.
pub(in crate::compose) fn broken(document: &[u8], service: &str, how: &Breakage) -> Result<Vec<u8>, PortError> {
    let unreadable = || PortError::new(format!("what was captured of `{service}` cannot be read"));
    let mut document: Value = serde_json::from_slice(document).map_err(|_| unreadable())?;
    let services = document.get_mut("services").and_then(Value::as_object_mut);
    let altered = services.and_then(|services| services.get_mut(service)?.as_object_mut()).ok_or_else(unreadable)?;
    if let Some(labels) = altered.get_mut("labels").and_then(Value::as_object_mut) {
        labels.remove(label::SPEC);
        labels.remove(label::IMAGE);
    }
    match how {
        Breakage::Image => drop(altered.insert("image".to_owned(), json!(NO_IMAGE))),
        Breakage::Crash => {
            altered.insert("entrypoint".to_owned(), json!(ENDS));
            altered.insert("command".to_owned(), json!([]));
        }
        Breakage::Config(variables) => {
            let environment = altered.entry("environment").or_insert_with(|| json!({}));
            for (name, value) in variables {
                // Compose would put variables of its own into the value.
                environment[name] = json!(value.replace('$', "$$"));
            }
        }
    }
    serde_json::to_vec(&document).map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn altered(how: &Breakage) -> Value {
        let document = json!({"name": "shop", "services": {
            "app": {"image": "sha256:1", "command": ["serve"], "environment": {"A": "1"},
                "labels": {label::SPEC: "old", "own": "kept"}},
            "db": {"image": "sha256:2"},
        }});
        let broken = broken(document.to_string().as_bytes(), "app", how).unwrap();
        let broken: Value = serde_json::from_slice(&broken).unwrap();
        assert_eq!(broken["services"]["db"], document["services"]["db"], "its neighbours stay as they are");
        broken["services"]["app"].clone()
    }

    #[test]
    fn only_the_service_is_altered_and_it_is_another_version() {
        let image = altered(&Breakage::Image);
        assert_eq!((&image["image"], &image["labels"]), (&json!(NO_IMAGE), &json!({"own": "kept"})));
        let crash = altered(&Breakage::Crash);
        assert_eq!((&crash["entrypoint"], &crash["command"]), (&json!(ENDS), &json!([])));
        let config = altered(&Breakage::Config(BTreeMap::from([("B".to_owned(), "$x".to_owned())])));
        assert_eq!(config["environment"], json!({"A": "1", "B": "$$x"}));
        assert!(broken(b"{}", "app", &Breakage::Crash).unwrap_err().what.contains("cannot be read"));
    }
}
