//! The document that is kept: the files' where they describe what runs, the containers' where they do not.

use backout_core::inventory::Version;
use bollard::models::{ImageInspect, Network};
use serde_json::{Value, json};

use super::resolved::Resolved;
use super::service::Service;
use super::{attachments, process, resources};
use crate::compose::container::{Container, label};

/// Shorter values are words and numbers that error messages need.
const SHORTEST_SECRET: usize = 8;

/// One service to keep.
#[derive(Debug)]
pub(in crate::compose) struct Kept<'a> {
    /// The container that stands for the service.
    pub(in crate::compose) container: &'a Container,
    /// Its version.
    pub(in crate::compose) version: Version,
    /// Its image, where the engine still describes it.
    pub(in crate::compose) image: Option<&'a ImageInspect>,
}

impl Kept<'_> {
    /// Whether the files describe something else than what runs. A container that was put back carries the hash of the one
    /// that it stands for.
    pub(in crate::compose) fn has_drifted(&self, resolved: &Resolved) -> bool {
        resolved.hashes.get(self.container.service()) != Some(&self.version.spec)
    }
}

/// The resolved project in which every kept service runs its image by id, and is labelled with what it stands for.
pub(in crate::compose) fn captured(resolved: &Resolved, kept: &[Kept<'_>], networks: &[Network]) -> Value {
    let mut document = resolved.document.clone();
    for kept in kept {
        let name = kept.container.service();
        let from_files = document.get("services").and_then(|services| services.get(name)).cloned();
        let mut service = Service::from_files(from_files.as_ref());
        if kept.has_drifted(resolved) {
            rebuild(&mut service, kept, &mut document, networks);
        }
        service.remove(&["build", "pull_policy", "develop", "env_file", "extends", "scale"]);
        service.set("image", kept.container.image_id());
        let service = labelled(service.into_value(), kept);
        if let Some(document) = document.as_object_mut() {
            document.entry("services").or_insert_with(|| json!({}))[name] = service;
        }
    }
    document
}

fn rebuild(service: &mut Service, kept: &Kept<'_>, document: &mut Value, networks: &[Network]) {
    process::rebuild(service, kept.container, kept.image.and_then(|image| image.config.as_ref()));
    if let Some(host) = kept.container.host_config() {
        resources::rebuild(service, host);
    }
    attachments::rebuild(service, kept.container, document, networks);
}

fn labelled(mut service: Value, kept: &Kept<'_>) -> Value {
    let ours = [(label::SPEC, kept.version.spec.as_str()), (label::IMAGE, kept.container.image_name())];
    for (name, value) in ours {
        service["labels"][name] = json!(value);
    }
    service
}

/// The values in a captured document that could be secrets: those of every environment variable, where they are long
/// enough to be told from ordinary words.
pub(in crate::compose) fn secrets(document: &[u8]) -> Vec<String> {
    let Ok(document) = serde_json::from_slice::<Value>(document) else { return Vec::new() };
    let services = document.get("services").and_then(Value::as_object).into_iter().flatten();
    let environments = services.filter_map(|(_, service)| service.get("environment")?.as_object());
    let values = environments.flatten().filter_map(|(_, value)| value.as_str());
    values.map(|value| value.replace("$$", "$")).filter(|value| value.len() >= SHORTEST_SECRET).collect()
}
