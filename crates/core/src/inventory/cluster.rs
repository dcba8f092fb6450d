//! What a cluster needs to run an artifact again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BlobRef;

/// A workload of a Kubernetes cluster. [`super::Version::code`] is its containers with the digests of their images,
/// [`super::Version::spec`] the digest of the rest of its pod template and of the configuration that goes back with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KubernetesArtifact {
    /// Kind and name: `deployment/web`.
    pub workload: String,
    /// Its namespace.
    pub namespace: String,
    /// The ReplicaSet or ControllerRevision that it was.
    pub revision: String,
    /// The number that `kubectl rollout history` has for that revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Images by container, by digest as the pods ran them where the cluster told it.
    pub images: BTreeMap<String, String>,
    /// The workload with its pod template as JSON, so that it can be made again where it is gone; it may hold secrets and is
    /// encrypted at rest.
    pub template: BlobRef,
    /// The ConfigMaps and Secrets that the pods mount or read.
    #[serde(default)]
    pub configuration: Vec<ConfigurationRef>,
    /// Whether an autoscaler says how many instances there are, so that their number does not go back.
    #[serde(default)]
    pub is_autoscaled: bool,
    /// How long its pods may take to stop, in milliseconds.
    pub stop_grace_ms: u64,
    /// How long a whole rollout of it may take by its own settings, in milliseconds.
    pub rollout_ms: u64,
}

/// A ConfigMap or a Secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigurationRef {
    /// Which kind.
    pub kind: ConfigurationKind,
    /// Its name.
    pub name: String,
    /// Its content as JSON, encrypted at rest.
    pub content: BlobRef,
}

/// What holds configuration in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfigurationKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

/// A Helm release. [`super::Version::code`] is the digest of its rendered manifest, [`super::Version::spec`] of the images
/// that its pods ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HelmArtifact {
    /// Its name.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The revision that it was.
    pub revision: u32,
    /// Chart and version: `shop-1.4.2`.
    pub chart: String,
    /// Helm's record of the revision, as its Secret holds it; encrypted at rest. Helm forgets old revisions.
    pub record: BlobRef,
    /// Images by workload and container: `deployment/web/app`.
    pub images: BTreeMap<String, String>,
    /// How long its pods may take to stop, in milliseconds.
    pub stop_grace_ms: u64,
    /// How long a whole rollout of it may take by its own settings, in milliseconds.
    pub rollout_ms: u64,
}

/// An Application of Argo CD. [`super::Version::code`] is the revision of each of its sources, or the tree of its folder
/// where it goes back by a revert; [`super::Version::spec`] the digest of the rest of its sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArgocdArtifact {
    /// Its name.
    pub application: String,
    /// Its namespace: that of Argo CD.
    pub namespace: String,
    /// The entry of its history that it was.
    pub history: Option<i64>,
    /// The revision of each of its sources.
    pub revisions: Vec<String>,
    /// Its sources as JSON.
    pub sources: BlobRef,
    /// How long a whole rollout of it may take, in milliseconds.
    pub rollout_ms: u64,
}
