//! What a checkpoint holds of a workload, opened.

use std::collections::BTreeMap;

use backout_core::inventory::{Artifact, Detail, KubernetesArtifact};
use backout_core::port::{Blobs, PortError};
use serde_json::Value;

use super::configuration::{Content, Key, references};

/// A captured workload with everything that goes back with it.
pub(super) struct Opened<'a> {
    pub(super) artifact: &'a Artifact,
    pub(super) detail: &'a KubernetesArtifact,
    /// The workload without what a server adds; its template as it was, images by the names that it had.
    pub(super) workload: Value,
    /// The ConfigMaps and Secrets that its template names; `None` where there was none of that name.
    pub(super) configuration: BTreeMap<Key, Option<Content>>,
}

impl<'a> Opened<'a> {
    /// Reads what was captured.
    ///
    /// # Errors
    /// An artifact of another platform, or a blob that is gone.
    pub(super) async fn open(artifact: &'a Artifact, blobs: &dyn Blobs) -> Result<Self, PortError> {
        let Detail::Kubernetes(detail) = &artifact.detail else {
            let what = format!("the artifact of `{}` was not captured from a Kubernetes workload", artifact.service);
            return Err(PortError::new(what));
        };
        let unread = |_| PortError::new(format!("what was captured of `{}` cannot be read", artifact.service));
        let workload: Value = serde_json::from_slice(&blobs.get(&detail.template).await?).map_err(unread)?;
        let named = references(workload.pointer("/spec/template").unwrap_or(&Value::Null));
        let mut configuration: BTreeMap<Key, Option<Content>> = named.into_keys().map(|key| (key, None)).collect();
        for kept in &detail.configuration {
            let content = Content::read(&blobs.get(&kept.content).await?)?;
            configuration.insert((kept.kind, kept.name.clone()), Some(content));
        }
        Ok(Self { artifact, detail, workload, configuration })
    }

    /// Its template as it was.
    pub(super) fn template(&self) -> &Value {
        self.workload.pointer("/spec/template").unwrap_or(&Value::Null)
    }

    /// Its template with images by the digests that its pods ran.
    pub(super) fn pinned(&self) -> Value {
        let mut template = self.template().clone();
        for containers in ["/spec/containers", "/spec/initContainers"] {
            let containers = template.pointer_mut(containers).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
                if let Some(image) = self.detail.images.get(name) {
                    container.insert("image".to_owned(), Value::from(image.as_str()));
                }
            }
        }
        template
    }
}
