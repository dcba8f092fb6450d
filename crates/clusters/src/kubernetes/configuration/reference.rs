//! Which ConfigMaps and Secrets a pod template names.

use std::collections::BTreeMap;

use backout_core::inventory::ConfigurationKind::{self, ConfigMap, Secret};
use serde_json::Value;

use crate::object::{is_true, list, text};

/// The kind and name of a ConfigMap or Secret.
pub(crate) type Key = (ConfigurationKind, String);

/// What a template names, and whether its pods cannot start without it.
pub(crate) type References = BTreeMap<Key, bool>;

/// A ConfigMap that the cluster itself keeps in every namespace.
const OF_THE_CLUSTER: &str = "kube-root-ca.crt";

/// The ConfigMaps and Secrets that a pod template names.
///
/// | in the template                               | names                | optional where |
/// |-----------------------------------------------|----------------------|---------------|
/// | `env[].valueFrom.{configMapKeyRef,secretKeyRef}` | `name`            | `optional`    |
/// | `envFrom[].{configMapRef,secretRef}`          | `name`               | `optional`    |
/// | `volumes[].configMap`, `volumes[].secret`     | `name`, `secretName` | `optional`    |
/// | `volumes[].projected.sources[].{configMap,secret}` | `name`          | `optional`    |
/// | `imagePullSecrets[]`                          | `name`               | always: the image may be on the node |
pub(crate) fn references(template: &Value) -> References {
    let mut found = References::new();
    for containers in ["/spec/initContainers", "/spec/containers"] {
        for container in list(template, containers) {
            for variable in list(container, "/env") {
                note(&mut found, ConfigMap, variable.pointer("/valueFrom/configMapKeyRef"), "/name");
                note(&mut found, Secret, variable.pointer("/valueFrom/secretKeyRef"), "/name");
            }
            for all in list(container, "/envFrom") {
                note(&mut found, ConfigMap, all.get("configMapRef"), "/name");
                note(&mut found, Secret, all.get("secretRef"), "/name");
            }
        }
    }
    for volume in list(template, "/spec/volumes") {
        note(&mut found, ConfigMap, volume.get("configMap"), "/name");
        note(&mut found, Secret, volume.get("secret"), "/secretName");
        for source in list(volume, "/projected/sources") {
            note(&mut found, ConfigMap, source.get("configMap"), "/name");
            note(&mut found, Secret, source.get("secret"), "/name");
        }
    }
    for secret in list(template, "/spec/imagePullSecrets") {
        let name = text(secret, "/name").unwrap_or_default().to_owned();
        found.entry((Secret, name)).or_insert(false);
    }
    found
}

fn note(found: &mut References, kind: ConfigurationKind, reference: Option<&Value>, name: &str) {
    let Some(reference) = reference else { return };
    let Some(name) = text(reference, name).filter(|name| !name.is_empty() && *name != OF_THE_CLUSTER) else { return };
    let is_needed = !is_true(reference, "/optional");
    *found.entry((kind, name.to_owned())).or_insert(is_needed) |= is_needed;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_pods_mount_or_read_is_found_once() {
        let template = json!({"spec": {
            "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "s1", "optional": true}}]}],
            "containers": [{"name": "c",
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c1", "key": "b", "optional": true}}},
                    {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s2", "key": "c"}}},
                ],
                "envFrom": [{"configMapRef": {"name": "c1"}}]}],
            "volumes": [
                {"name": "v", "configMap": {"name": "c2"}},
                {"name": "w", "secret": {"secretName": "s3"}},
                {"name": "x", "projected": {"sources": [{"configMap": {"name": "c3"}},
                    {"configMap": {"name": "kube-root-ca.crt"}}, {"serviceAccountToken": {"path": "t"}}]}},
            ],
            "imagePullSecrets": [{"name": "pull"}],
        }});
        let found: Vec<(ConfigurationKind, &str, bool)> = Vec::from([
            (ConfigMap, "c1", true),
            (ConfigMap, "c2", true),
            (ConfigMap, "c3", true),
            (Secret, "pull", false),
            (Secret, "s1", false),
            (Secret, "s2", true),
            (Secret, "s3", true),
        ]);
        let references = references(&template);
        let references: Vec<_> =
            references.iter().map(|((kind, name), needed)| (*kind, name.as_str(), *needed)).collect();
        assert_eq!(references, found);
    }
}
