//! Services on clusters: Kubernetes workloads, Helm releases, Applications of Argo CD.

use std::time::Duration;

use serde::Serialize;

/// Which cluster, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct ClusterAccess {
    /// The kubeconfig file; `None` takes `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod.
    pub kubeconfig: Option<String>,
    /// The context of it; `None` takes its current one.
    pub context: Option<String>,
    /// The namespace; `None` takes that of the context.
    pub namespace: Option<String>,
    /// The user to act as.
    pub impersonate: Option<String>,
    /// The groups to act as.
    pub impersonate_groups: Vec<String>,
    /// The id of the user to act as.
    pub impersonate_uid: Option<String>,
}

/// A workload of a Kubernetes cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KubernetesService {
    /// The cluster.
    pub cluster: ClusterAccess,
    /// What kind of workload.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
    /// What happens to the Secrets it uses.
    pub secrets: SecretsPolicy,
    /// How long a pod may take to become ready; `None` leaves it to [`crate::detect::Start`].
    pub ready_within: Option<Duration>,
}

/// What kind of workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `argoproj.io/v1alpha1` Rollout.
    Rollout,
}

impl WorkloadKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::Rollout];

    /// The kind as the configuration and `kubectl` name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "deployment",
            WorkloadKind::StatefulSet => "statefulset",
            WorkloadKind::DaemonSet => "daemonset",
            WorkloadKind::Rollout => "rollout",
        }
    }
}

/// A workload by kind and name, as `kubectl` takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WorkloadName {
    /// What kind of workload.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for WorkloadName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.name)
    }
}

/// What happens to the Secrets that a workload uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretsPolicy {
    /// A reference is resolved anew: what a Secret holds today stays, because it may have been rotated since. One that is
    /// gone comes back.
    #[default]
    Keep,
    /// They go back with the code.
    Restore,
}

/// A Helm release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HelmService {
    /// The cluster.
    pub cluster: ClusterAccess,
    /// The program.
    pub program: String,
    /// The release.
    pub release: String,
    /// How long a pod may take to become ready; `None` leaves it to [`crate::detect::Start`].
    pub ready_within: Option<Duration>,
    /// The workload in whose pods programs are run; `None` takes the only one that the release has.
    pub exec_in: Option<WorkloadName>,
}

/// An Application of Argo CD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArgocdService {
    /// The cluster and namespace of Argo CD.
    pub cluster: ClusterAccess,
    /// The Application.
    pub application: String,
    /// How it goes back: by a revert in its repository, where one is given; else by a rollback with auto-sync paused.
    pub revert: Option<ArgocdRevert>,
    /// The workload in whose pods programs are run; `None` takes the only one that the Application has.
    pub exec_in: Option<WorkloadName>,
}

/// A revert in the repository that an Application is synced from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArgocdRevert {
    /// The repository, as `git clone` takes it; `None` is that of the Application.
    pub repository: Option<String>,
    /// The branch; `None` is the Application's target revision.
    pub branch: Option<String>,
    /// The command that publishes the revert, run in the clone: opens a change for review, say. `None` pushes it.
    pub publish: Option<Vec<String>>,
}
