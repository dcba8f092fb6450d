//! What a container is attached to: ports, volumes, networks; and the definitions at the top of the document that these
//! need.

use bollard::models::{EndpointSettings, MountPoint, Network};
use serde_json::{Map, Value, json};

use super::service::{Service, escaped};
use crate::compose::container::{Container, label};

/// Rebuilds the keys that say what a container is attached to, and adds to `document` what they refer to.
pub(super) fn rebuild(service: &mut Service, container: &Container, document: &mut Value, networks: &[Network]) {
    service.set("ports", ports(container));
    let mounts = container.inspected().mounts.as_deref().unwrap_or_default();
    let volumes: Vec<Value> = mounts.iter().filter_map(|mount| volume(mount, document)).collect();
    service.set("volumes", volumes);
    service.remove(&["volumes_from"]);
    drop_mounted(service, document, "secrets");
    drop_mounted(service, document, "configs");
    attach_networks(service, container, document, networks);
}

fn ports(container: &Container) -> Vec<Value> {
    let bindings = container.host_config().and_then(|host| host.port_bindings.as_ref());
    let mut ports = Vec::new();
    for (port, hosts) in bindings.into_iter().flatten() {
        let (target, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        let Ok(target) = target.parse::<u16>() else { continue };
        for host in hosts.iter().flatten() {
            let mut entry = Map::from_iter([("target".to_owned(), json!(target))]);
            entry.insert("protocol".to_owned(), json!(protocol));
            entry.insert("mode".to_owned(), json!("ingress"));
            let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
            entry.extend(given(&host.host_ip).map(|ip| ("host_ip".to_owned(), json!(ip))));
            entry.extend(given(&host.host_port).map(|port| ("published".to_owned(), json!(port))));
            ports.push(Value::Object(entry));
        }
    }
    ports.sort_by_key(Value::to_string);
    ports
}

fn volume(mount: &MountPoint, document: &mut Value) -> Option<Value> {
    let target = mount.destination.clone()?;
    let is_read_only = mount.rw == Some(false);
    let mut entry = Map::from_iter([("type".to_owned(), json!(mount.typ)), ("target".to_owned(), json!(target))]);
    match mount.typ.as_deref()? {
        "bind" => {
            entry.insert("source".to_owned(), json!(mount.source));
            let propagation = mount.propagation.clone().filter(|mode| !mode.is_empty() && mode != "rprivate");
            entry.insert(
                "bind".to_owned(),
                match propagation {
                    Some(propagation) => json!({ "create_host_path": true, "propagation": propagation }),
                    None => json!({ "create_host_path": true }),
                },
            );
        }
        // A volume without a name of its own: Compose hands it on from the container that it replaces.
        "volume" if mount.name.as_deref().is_none_or(is_generated) => {}
        "volume" => {
            entry.insert("source".to_owned(), json!(volume_key(mount.name.as_deref()?, document)));
        }
        "tmpfs" => {}
        _ => return None,
    }
    entry.extend(is_read_only.then(|| ("read_only".to_owned(), json!(true))));
    Some(Value::Object(entry))
}

fn is_generated(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What the document calls a volume; one that it does not know is added as what it is: there already.
fn volume_key(name: &str, document: &mut Value) -> String {
    key_of(name, "volumes", document).unwrap_or_else(|| {
        define(document, "volumes", name, json!({ "name": name, "external": true }));
        name.to_owned()
    })
}

/// The key under which the document defines a thing of that name.
fn key_of(name: &str, section: &str, document: &Value) -> Option<String> {
    let defined = document.get(section)?.as_object()?;
    let found = defined.iter().find(|(_, value)| value.get("name").and_then(Value::as_str) == Some(name));
    found.map(|(key, _)| key.clone())
}

fn define(document: &mut Value, section: &str, key: &str, value: Value) {
    if let Some(document) = document.as_object_mut() {
        let section = document.entry(section).or_insert_with(|| json!({}));
        if let Some(section) = section.as_object_mut() {
            section.insert(key.to_owned(), escaped(value));
        }
    }
}

/// Secrets and configs that come from files are mounts of the container, and stand among its volumes already.
fn drop_mounted(service: &mut Service, document: &Value, section: &str) {
    let is_file = |reference: &Value| {
        let source = reference.get("source").unwrap_or(reference).as_str();
        source
            .is_some_and(|source| document.get(section).and_then(|defined| defined.get(source)?.get("file")).is_some())
    };
    if let Some(Value::Array(references)) = service.get_mut(section) {
        references.retain(|reference| !is_file(reference));
    }
}

fn attach_networks(service: &mut Service, container: &Container, document: &mut Value, networks: &[Network]) {
    let mode = container.host_config().and_then(|host| host.network_mode.as_deref()).unwrap_or_default();
    match mode {
        // Another container's network is named by an id that will not be there again; the files name it by service.
        mode if mode.starts_with("container:") => service.remove(&["networks"]),
        "host" | "none" | "bridge" | "default" => {
            service.remove(&["networks"]);
            service.set("network_mode", if mode == "default" { "bridge" } else { mode });
        }
        _ => {
            service.remove(&["network_mode"]);
            let attached = container.inspected().network_settings.as_ref().and_then(|all| all.networks.as_ref());
            let entries = attached.into_iter().flatten().map(|(name, endpoint)| {
                (network_key(name, container, document, networks), endpoint_keys(endpoint, container))
            });
            service.set("networks", Value::Object(entries.collect()));
        }
    }
}

/// What the document calls a network. One that it does not know is added: as the project's own where Compose made it, so
/// that it is made again should it be gone.
fn network_key(name: &str, container: &Container, document: &mut Value, networks: &[Network]) -> String {
    if let Some(key) = key_of(name, "networks", document) {
        return key;
    }
    let project = container.label(label::PROJECT);
    let labels = networks.iter().find(|network| network.name.as_deref() == Some(name)).and_then(|n| n.labels.as_ref());
    let made_by = labels.and_then(|labels| labels.get(label::PROJECT)).map(String::as_str);
    let known_as = labels.and_then(|labels| labels.get("com.docker.compose.network")).filter(|_| made_by == project);
    let (key, definition) = match known_as {
        Some(key) => (key.clone(), json!({ "name": name })),
        None => (name.to_owned(), json!({ "name": name, "external": true })),
    };
    define(document, "networks", &key, definition);
    key
}

fn endpoint_keys(endpoint: &EndpointSettings, container: &Container) -> Value {
    let id = container.id();
    let is_given = |alias: &&String| {
        !id.starts_with(alias.as_str()) && *alias != container.name() && *alias != container.service()
    };
    let aliases: Vec<&String> = endpoint.aliases.iter().flatten().filter(is_given).collect();
    let address = endpoint.ipam_config.as_ref();
    let mut keys = Map::new();
    keys.extend((!aliases.is_empty()).then(|| ("aliases".to_owned(), json!(aliases))));
    let fixed = |address: Option<&String>| address.filter(|address| !address.is_empty()).map(|address| json!(address));
    keys.extend(fixed(address.and_then(|a| a.ipv4_address.as_ref())).map(|value| ("ipv4_address".to_owned(), value)));
    keys.extend(fixed(address.and_then(|a| a.ipv6_address.as_ref())).map(|value| ("ipv6_address".to_owned(), value)));
    if keys.is_empty() { Value::Null } else { Value::Object(keys) }
}
