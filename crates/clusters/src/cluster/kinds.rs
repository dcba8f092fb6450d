//! The kinds of objects that are looked at, by their group, version and path: asking the cluster for them would cost
//! requests, and they do not change.

use kube::core::ApiResource;

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Pod,
    Event,
    ConfigMap,
    Secret,
    /// Secrets that hold records of Helm. All other Secrets need not be read for them.
    HelmRecord,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    ControllerRevision,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    PersistentVolumeClaim,
    ServiceAccount,
    Service,
    EndpointSlice,
    Ingress,
    Application,
    Rollout,
}

impl Kind {
    /// Group, version, kind and plural.
    fn parts(self) -> [&'static str; 4] {
        match self {
            Kind::Pod => ["", "v1", "Pod", "pods"],
            Kind::Event => ["", "v1", "Event", "events"],
            Kind::ConfigMap => ["", "v1", "ConfigMap", "configmaps"],
            Kind::Secret | Kind::HelmRecord => ["", "v1", "Secret", "secrets"],
            Kind::Deployment => ["apps", "v1", "Deployment", "deployments"],
            Kind::ReplicaSet => ["apps", "v1", "ReplicaSet", "replicasets"],
            Kind::StatefulSet => ["apps", "v1", "StatefulSet", "statefulsets"],
            Kind::DaemonSet => ["apps", "v1", "DaemonSet", "daemonsets"],
            Kind::ControllerRevision => ["apps", "v1", "ControllerRevision", "controllerrevisions"],
            Kind::HorizontalPodAutoscaler => {
                ["autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"]
            }
            Kind::PodDisruptionBudget => ["policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"],
            Kind::PersistentVolumeClaim => ["", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"],
            Kind::Service => ["", "v1", "Service", "services"],
            Kind::EndpointSlice => ["discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"],
            Kind::Ingress => ["networking.k8s.io", "v1", "Ingress", "ingresses"],
            Kind::ServiceAccount => ["", "v1", "ServiceAccount", "serviceaccounts"],
            Kind::Application => ["argoproj.io", "v1alpha1", "Application", "applications"],
            Kind::Rollout => ["argoproj.io", "v1alpha1", "Rollout", "rollouts"],
        }
    }

    /// As the client names it.
    pub(crate) fn resource(self) -> ApiResource {
        let [group, version, kind, plural] = self.parts();
        let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version,
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        }
    }

    /// The labels that say which objects of the resource are meant; `None` means all.
    pub(crate) fn labels(self) -> Option<&'static str> {
        matches!(self, Kind::HelmRecord).then_some("owner=helm")
    }

    /// The API group; empty for the core one.
    pub(crate) fn group(self) -> &'static str {
        self.parts()[0]
    }

    /// The plural, as `kubectl` takes it.
    pub(crate) fn plural(self) -> &'static str {
        self.parts()[3]
    }
}
