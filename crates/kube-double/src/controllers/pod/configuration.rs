//! What a container reads when it starts: ConfigMaps and Secrets, as variables or mounted.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::cluster::{Cluster, Key, Resource, kinds, object};
use crate::script::Behaviour;

/// One ConfigMap or Secret that a container reads, whole or one key of it.
struct Source {
    resource: &'static Resource,
    name: String,
    /// Empty for all of them.
    key: String,
    is_optional: bool,
}

/// Why the container cannot be started: what it reads is not there. None where all is.
pub(crate) fn missing(cluster: &Cluster, pod: &Value, container: &Value) -> Option<String> {
    let namespace = object::namespace(pod);
    sources(pod, container).into_iter().filter(|source| !source.is_optional).find_map(|source| {
        let kind = source.resource.kind.to_lowercase();
        let Some(found) = cluster.store.get(&Key::new(source.resource, namespace, &source.name)) else {
            return Some(format!("{kind} \"{}\" not found", source.name));
        };
        let has_key = source.key.is_empty() || value(found, &source.key).is_some();
        let kind = source.resource.kind;
        (!has_key).then(|| format!("couldn't find key {} in {kind} {namespace}/{}", source.key, source.name))
    })
}

/// How the container behaves by what it reads; none where no rule says anything about it.
pub(crate) fn behaviour(cluster: &Cluster, pod: &Value, container: &Value) -> Option<Behaviour> {
    let sources = sources(pod, container);
    let reads = |name: &str, key: &str| {
        let wanted =
            sources.iter().filter(|source| source.name == name && (source.key.is_empty() || source.key == key));
        let found = wanted.filter_map(|source| {
            let key = Key::new(source.resource, object::namespace(pod), &source.name);
            cluster.store.get(&key)
        });
        found.filter_map(|found| value(found, key)).next()
    };
    let rules = cluster.script.configurations.iter().rev();
    let mut rules = rules.filter(|rule| reads(&rule.name, &rule.key).is_some_and(|value| value == rule.value));
    rules.next().map(|rule| rule.behaviour)
}

/// The variables that the container has: those of `envFrom`, then those of `env`, where what they are read from is there.
pub(crate) fn variables(cluster: &Cluster, pod: &Value, container: &Value) -> BTreeMap<String, String> {
    let found = |source: &Source| cluster.store.get(&Key::new(source.resource, object::namespace(pod), &source.name));
    let mut all = BTreeMap::new();
    for from in object::list(container, "/envFrom") {
        let sources = [
            source(from.get("configMapRef"), &kinds::CONFIG_MAPS, "name"),
            source(from.get("secretRef"), &kinds::SECRETS, "name"),
        ];
        for read in sources.iter().flatten().filter_map(found) {
            let keys = read.get("data").and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys);
            let prefix = object::text(from, "/prefix");
            all.extend(keys.filter_map(|key| Some((format!("{prefix}{key}"), value(read, key)?))));
        }
    }
    for variable in object::list(container, "/env") {
        let from =
            |reference: &str, resource| source(variable.pointer(&format!("/valueFrom/{reference}")), resource, "name");
        let source = from("configMapKeyRef", &kinds::CONFIG_MAPS).or_else(|| from("secretKeyRef", &kinds::SECRETS));
        let said = match &source {
            Some(source) => found(source).and_then(|read| value(read, &source.key)),
            None => Some(object::text(variable, "/value").to_owned()),
        };
        all.extend(said.map(|said| (object::text(variable, "/name").to_owned(), said)));
    }
    all
}

/// The files that the container has of ConfigMaps and Secrets, as they are now, by their paths.
pub(crate) fn files(cluster: &Cluster, pod: &Value, container: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for mount in object::list(container, "/volumeMounts") {
        let name = object::text(mount, "/name");
        let volumes = object::list(pod, "/spec/volumes").iter().filter(|volume| object::text(volume, "/name") == name);
        let sources = volumes.filter_map(|volume| {
            let config_map = source(volume.get("configMap"), &kinds::CONFIG_MAPS, "name");
            config_map.or_else(|| source(volume.get("secret"), &kinds::SECRETS, "secretName"))
        });
        for from in sources {
            let key = Key::new(from.resource, object::namespace(pod), &from.name);
            let Some(read) = cluster.store.get(&key) else { continue };
            let keys = read.get("data").and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys);
            let path = object::text(mount, "/mountPath");
            all.extend(keys.filter_map(|key| Some((format!("{path}/{key}"), value(read, key)?))));
        }
    }
    all
}

/// The value of a key; a Secret's decoded.
fn value(found: &Value, key: &str) -> Option<String> {
    let data = found.get("data").and_then(|data| data.get(key))?.as_str()?;
    if object::text(found, "/kind") == "Secret" {
        let bytes = BASE64_STANDARD.decode(data).ok()?;
        return Some(String::from_utf8_lossy(&bytes).into_owned());
    }
    Some(data.to_owned())
}

fn sources(pod: &Value, container: &Value) -> Vec<Source> {
    let mut found = Vec::new();
    for variable in object::list(container, "/env") {
        found.extend(source(variable.pointer("/valueFrom/configMapKeyRef"), &kinds::CONFIG_MAPS, "name"));
        found.extend(source(variable.pointer("/valueFrom/secretKeyRef"), &kinds::SECRETS, "name"));
    }
    for all in object::list(container, "/envFrom") {
        found.extend(source(all.get("configMapRef"), &kinds::CONFIG_MAPS, "name"));
        found.extend(source(all.get("secretRef"), &kinds::SECRETS, "name"));
    }
    let mounts: Vec<&str> =
        object::list(container, "/volumeMounts").iter().map(|mount| object::text(mount, "/name")).collect();
    let volumes = object::list(pod, "/spec/volumes");
    for volume in volumes.iter().filter(|volume| mounts.contains(&object::text(volume, "/name"))) {
        found.extend(source(volume.get("configMap"), &kinds::CONFIG_MAPS, "name"));
        found.extend(source(volume.get("secret"), &kinds::SECRETS, "secretName"));
        for part in object::list(volume, "/projected/sources") {
            found.extend(source(part.get("configMap"), &kinds::CONFIG_MAPS, "name"));
            found.extend(source(part.get("secret"), &kinds::SECRETS, "name"));
        }
    }
    found
}

fn source(reference: Option<&Value>, resource: &'static Resource, name: &str) -> Option<Source> {
    let reference = reference?;
    Some(Source {
        resource,
        name: reference.get(name)?.as_str()?.to_owned(),
        key: object::text(reference, "/key").to_owned(),
        is_optional: object::is_true(reference, "/optional"),
    })
}
