//! Artifacts: everything needed to run one version of one service again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ArgocdArtifact, HelmArtifact, KubernetesArtifact, Version};
use crate::id::{Digest, ServiceName};

/// One version of one service, as it was captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// The service.
    pub service: ServiceName,
    /// What is compared with what runs.
    pub version: Version,
    /// The version in words a person knows.
    pub label: String,
    /// How many instances there were.
    pub replicas: u32,
    /// The configuration files that go back together with the code.
    #[serde(default)]
    pub files: Vec<FileRef>,
    /// What the platform needs to know beside that.
    pub detail: Detail,
}

/// What one platform needs to run an artifact again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "platform", rename_all = "snake_case")]
pub enum Detail {
    /// Docker Compose.
    Compose(ComposeArtifact),
    /// Release folders, a git work tree, units.
    Host(HostArtifact),
    /// The user's own commands.
    Exec(ExecArtifact),
    /// A workload of a Kubernetes cluster.
    Kubernetes(KubernetesArtifact),
    /// A Helm release.
    Helm(HelmArtifact),
    /// An Application of Argo CD.
    Argocd(ArgocdArtifact),
    /// What leads users to one of several other services.
    Traffic(TrafficArtifact),
}

/// What runs a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlatformKind {
    /// Docker Compose.
    Compose,
    /// A plain host.
    Host,
    /// The user's own commands.
    Exec,
    /// A Kubernetes cluster.
    Kubernetes,
    /// Helm.
    Helm,
    /// Argo CD.
    Argocd,
    /// None: what leads users to one of several other services.
    Traffic,
}

impl PlatformKind {
    /// The platform as the configuration names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PlatformKind::Compose => "compose",
            PlatformKind::Host => "host",
            PlatformKind::Exec => "exec",
            PlatformKind::Kubernetes => "kubernetes",
            PlatformKind::Helm => "helm",
            PlatformKind::Argocd => "argocd",
            PlatformKind::Traffic => "traffic",
        }
    }

    /// Whether it replaces instances by its own rules, and tells when it cannot.
    #[must_use]
    pub fn is_cluster(self) -> bool {
        matches!(self, PlatformKind::Kubernetes | PlatformKind::Helm | PlatformKind::Argocd)
    }

    /// Whether it runs instances whose state and health it knows itself.
    #[must_use]
    pub fn has_instances(self) -> bool {
        !matches!(self, PlatformKind::Host | PlatformKind::Exec | PlatformKind::Traffic)
    }
}

impl Detail {
    /// The platform that the detail belongs to.
    #[must_use]
    pub fn platform(&self) -> PlatformKind {
        match self {
            Detail::Compose(_) => PlatformKind::Compose,
            Detail::Host(_) => PlatformKind::Host,
            Detail::Exec(_) => PlatformKind::Exec,
            Detail::Kubernetes(_) => PlatformKind::Kubernetes,
            Detail::Helm(_) => PlatformKind::Helm,
            Detail::Argocd(_) => PlatformKind::Argocd,
            Detail::Traffic(_) => PlatformKind::Traffic,
        }
    }

    /// Whether a new instance can be started by us beside the old one. Clusters replace instances by their own rules.
    #[must_use]
    pub fn can_start_first(&self) -> bool {
        matches!(self, Detail::Compose(compose) if compose.can_start_first)
    }

    /// How long the service may take to stop, in milliseconds, where the artifact says so.
    #[must_use]
    pub fn stop_grace_ms(&self) -> Option<u64> {
        match self {
            Detail::Compose(compose) => Some(compose.stop_grace_ms),
            Detail::Kubernetes(workload) => Some(workload.stop_grace_ms),
            Detail::Helm(release) => Some(release.stop_grace_ms),
            Detail::Host(_) | Detail::Exec(_) | Detail::Argocd(_) | Detail::Traffic(_) => None,
        }
    }

    /// How long it may take to become well beside what any service may take, in milliseconds.
    #[must_use]
    pub fn start_period_ms(&self) -> u64 {
        match self {
            Detail::Compose(compose) => compose.start_period_ms,
            Detail::Kubernetes(workload) => workload.rollout_ms,
            Detail::Helm(release) => release.rollout_ms,
            Detail::Argocd(application) => application.rollout_ms,
            Detail::Host(_) | Detail::Exec(_) | Detail::Traffic(_) => 0,
        }
    }

    /// Whether telling the platform lasts until what was told is so: a rollout that is watched, `helm rollback --wait`, an
    /// operation of Argo CD.
    #[must_use]
    pub fn is_awaited_by_its_switch(&self) -> bool {
        matches!(self, Detail::Kubernetes(_) | Detail::Helm(_) | Detail::Argocd(_))
    }

    /// Whether its platform keeps configuration beside it that can go back alone: ConfigMaps.
    #[must_use]
    pub fn has_configuration(&self) -> bool {
        matches!(self, Detail::Kubernetes(workload) if !workload.configuration.is_empty())
    }

    /// Whether something else says how many instances there are, so that their number is no part of the artifact.
    #[must_use]
    pub fn is_scaled_elsewhere(&self) -> bool {
        match self {
            Detail::Kubernetes(workload) => workload.is_autoscaled,
            Detail::Helm(_) | Detail::Argocd(_) => true,
            Detail::Compose(_) | Detail::Host(_) | Detail::Exec(_) | Detail::Traffic(_) => false,
        }
    }
}

/// A container service of a Compose project. The image id is [`Version::code`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComposeArtifact {
    /// The image as the project names it.
    pub image: String,
    /// Where the image can be pulled again, by digest.
    #[serde(default)]
    pub repo_digests: Vec<String>,
    /// Our own tag, which keeps prune from taking the image.
    pub pin: String,
    /// The resolved project as one JSON document; it may hold secrets and is encrypted at rest.
    pub project: BlobRef,
    /// Whether a second container can run beside the first: no published port and no fixed name forbids it.
    pub can_start_first: bool,
    /// How long the service may take to stop, in milliseconds.
    pub stop_grace_ms: u64,
    /// How long after its start the health check may fail without meaning anything, in milliseconds.
    pub start_period_ms: u64,
}

/// A service on a plain host. The release or commit is [`Version::code`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostArtifact {
    /// The folder that holds the code: the release's folder, or the work tree.
    pub folder: String,
}

/// A service behind the user's own commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExecArtifact {
    /// What `capture` printed, given to `restore` unchanged. It is journaled: the contract forbids secrets in it.
    pub state: serde_json::Value,
}

/// What leads users to one of several other services. Where that is comes from the configuration when it is needed: what a
/// colour is called there is what people know it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrafficArtifact {
    /// The service that it led to; [`Version::code`] has the same name.
    pub to: ServiceName,
}

/// One configuration file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRef {
    /// Absolute path.
    pub path: String,
    /// How it was.
    pub state: FileState,
    /// Whether the service reads the file itself, and must be started again to see it go back. An environment file of a
    /// Compose project is read by Compose, and shows in the version of the services that use it.
    pub needs_restart: bool,
}

/// How a file was when it was captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FileState {
    /// There was no such file: going back removes it.
    Absent,
    /// There was one.
    Present {
        /// Its content.
        content: BlobRef,
        /// Its permission bits.
        mode: u32,
    },
}

impl FileRef {
    /// The keyed digest of the content, or `None` for a file that was not there.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match &self.state {
            FileState::Absent => None,
            FileState::Present { content, .. } => Some(&content.digest),
        }
    }
}

/// Captured content in the blob folder, by its keyed digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct BlobRef {
    /// Keyed digest of the content before encryption; also its name in the folder.
    pub digest: Digest,
    /// Length of the content in bytes.
    pub bytes: u64,
}
