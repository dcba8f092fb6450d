//! The kinds that the double serves.
//!
//! A kind whose `has_status` is false has no status subresource: its status is written with the object itself, as with
//! Argo CD's Application.

/// One kind and how it is served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) short: &'static str,
    pub(crate) is_namespaced: bool,
    pub(crate) has_status: bool,
    pub(crate) has_scale: bool,
}

const fn plain(group: &'static str, version: &'static str, plural: &'static str, kind: &'static str) -> Resource {
    Resource { group, version, plural, kind, short: "", is_namespaced: true, has_status: false, has_scale: false }
}

impl Resource {
    const fn short(self, short: &'static str) -> Self {
        Self { short, ..self }
    }

    const fn status(self) -> Self {
        Self { has_status: true, ..self }
    }

    const fn scale(self) -> Self {
        Self { has_scale: true, ..self }
    }

    const fn cluster_wide(self) -> Self {
        Self { is_namespaced: false, ..self }
    }

    /// `apps/v1`, or `v1` for the core group.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, or `pods` for the core group: how messages name it.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Built in, rather than from a custom resource definition: strategic merge works, and lists have merge keys.
    pub(crate) fn is_built_in(&self) -> bool {
        !self.group.contains('.') || self.group.ends_with(".k8s.io")
    }
}

pub(crate) static NAMESPACES: Resource = plain("", "v1", "namespaces", "Namespace").short("ns").status().cluster_wide();
pub(crate) static CONFIG_MAPS: Resource = plain("", "v1", "configmaps", "ConfigMap").short("cm");
pub(crate) static SECRETS: Resource = plain("", "v1", "secrets", "Secret");
pub(crate) static PODS: Resource = plain("", "v1", "pods", "Pod").short("po").status();
pub(crate) static EVENTS: Resource = plain("", "v1", "events", "Event").short("ev");
pub(crate) static SERVICES: Resource = plain("", "v1", "services", "Service").short("svc").status();
pub(crate) static ENDPOINTS: Resource = plain("", "v1", "endpoints", "Endpoints").short("ep");
pub(crate) static SERVICE_ACCOUNTS: Resource = plain("", "v1", "serviceaccounts", "ServiceAccount").short("sa");
pub(crate) static RESOURCE_QUOTAS: Resource =
    plain("", "v1", "resourcequotas", "ResourceQuota").short("quota").status();
static CLAIMS: Resource = plain("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim").short("pvc").status();
static NODES: Resource = plain("", "v1", "nodes", "Node").short("no").status().cluster_wide();
pub(crate) static DEPLOYMENTS: Resource =
    plain("apps", "v1", "deployments", "Deployment").short("deploy").status().scale();
pub(crate) static REPLICA_SETS: Resource =
    plain("apps", "v1", "replicasets", "ReplicaSet").short("rs").status().scale();
pub(crate) static STATEFUL_SETS: Resource =
    plain("apps", "v1", "statefulsets", "StatefulSet").short("sts").status().scale();
pub(crate) static DAEMON_SETS: Resource = plain("apps", "v1", "daemonsets", "DaemonSet").short("ds").status();
pub(crate) static CONTROLLER_REVISIONS: Resource = plain("apps", "v1", "controllerrevisions", "ControllerRevision");
pub(crate) static JOBS: Resource = plain("batch", "v1", "jobs", "Job").status();
static CRON_JOBS: Resource = plain("batch", "v1", "cronjobs", "CronJob").short("cj").status();
static AUTOSCALERS: Resource =
    plain("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler").short("hpa").status();
static DISRUPTION_BUDGETS: Resource =
    plain("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget").short("pdb").status();
pub(crate) static ENDPOINT_SLICES: Resource = plain("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");
static LEASES: Resource = plain("coordination.k8s.io", "v1", "leases", "Lease");
static INGRESSES: Resource = plain("networking.k8s.io", "v1", "ingresses", "Ingress").short("ing").status();
static NETWORK_POLICIES: Resource =
    plain("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy").short("netpol");
static ROLES: Resource = plain("rbac.authorization.k8s.io", "v1", "roles", "Role");
static ROLE_BINDINGS: Resource = plain("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding");
static CLUSTER_ROLES: Resource = plain("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole").cluster_wide();
static CLUSTER_ROLE_BINDINGS: Resource =
    plain("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding").cluster_wide();
pub(crate) static ACCESS_REVIEWS: Resource =
    plain("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview").cluster_wide();
pub(crate) static RULES_REVIEWS: Resource =
    plain("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview").cluster_wide();
pub(crate) static SUBJECT_REVIEWS: Resource =
    plain("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview").cluster_wide();
pub(crate) static APPLICATIONS: Resource = plain("argoproj.io", "v1alpha1", "applications", "Application").short("app");
static APPLICATION_SETS: Resource =
    plain("argoproj.io", "v1alpha1", "applicationsets", "ApplicationSet").short("appset").status();
static PROJECTS: Resource = plain("argoproj.io", "v1alpha1", "appprojects", "AppProject").short("appproj");
pub(crate) static ROLLOUTS: Resource =
    plain("argoproj.io", "v1alpha1", "rollouts", "Rollout").short("ro").status().scale();
static HELM_RELEASES: Resource =
    plain("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease").short("hr").status();
static KUSTOMIZATIONS: Resource =
    plain("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization").short("ks").status();
static GIT_REPOSITORIES: Resource =
    plain("source.toolkit.fluxcd.io", "v1", "gitrepositories", "GitRepository").short("gitrepo").status();

/// All of them; those of one group stand together.
pub(crate) static ALL: [&Resource; 39] = [
    &NAMESPACES,
    &CONFIG_MAPS,
    &SECRETS,
    &PODS,
    &EVENTS,
    &SERVICES,
    &ENDPOINTS,
    &SERVICE_ACCOUNTS,
    &RESOURCE_QUOTAS,
    &CLAIMS,
    &NODES,
    &DEPLOYMENTS,
    &REPLICA_SETS,
    &STATEFUL_SETS,
    &DAEMON_SETS,
    &CONTROLLER_REVISIONS,
    &JOBS,
    &CRON_JOBS,
    &AUTOSCALERS,
    &DISRUPTION_BUDGETS,
    &ENDPOINT_SLICES,
    &LEASES,
    &INGRESSES,
    &NETWORK_POLICIES,
    &ROLES,
    &ROLE_BINDINGS,
    &CLUSTER_ROLES,
    &CLUSTER_ROLE_BINDINGS,
    &ACCESS_REVIEWS,
    &RULES_REVIEWS,
    &SUBJECT_REVIEWS,
    &APPLICATIONS,
    &APPLICATION_SETS,
    &PROJECTS,
    &ROLLOUTS,
    &HELM_RELEASES,
    &KUSTOMIZATIONS,
    &GIT_REPOSITORIES,
    &SERVICE_MONITORS,
];

/// Not a kind the double knows anything about: charts carry such, and it is stored as it comes.
static SERVICE_MONITORS: Resource = plain("monitoring.coreos.com", "v1", "servicemonitors", "ServiceMonitor");

/// The resource of that group, version and plural name.
pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    ALL.into_iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
}

/// The resource of an object by its `apiVersion` and `kind`.
pub(crate) fn of_object(api_version: &str, kind: &str) -> Option<&'static Resource> {
    ALL.into_iter().find(|resource| resource.kind == kind && resource.api_version() == api_version)
}
