//! What each kind of service needs, and what for.

use backout_core::config::{SecretsPolicy, WorkloadKind};

use crate::cluster::Kind;

/// Something on a cluster that is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ward {
    /// A workload.
    Workload {
        /// What kind of workload.
        kind: WorkloadKind,
        /// Whether the Secrets that it uses go back with it.
        restores_secrets: bool,
    },
    /// A Helm release. What its chart makes needs rights of its own, as for `helm upgrade`.
    Release,
    /// An Application of Argo CD, in Argo CD's own namespace.
    Application,
    /// A Service that leads users somewhere: of `traffic`, or of maintenance mode.
    Service,
    /// An Ingress that leads users somewhere, of maintenance mode.
    Ingress,
    /// Services that shall lead to the pods of what is looked after.
    Reached,
    /// Pods in which programs are run: for migrations, and for checks.
    Programs,
}

impl Ward {
    /// The ward that a workload is.
    #[must_use]
    pub fn workload(kind: WorkloadKind, secrets: SecretsPolicy) -> Self {
        Ward::Workload { kind, restores_secrets: secrets == SecretsPolicy::Restore }
    }
}

/// Verbs on one resource, and what they are needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// What for, as the end of a sentence: `to see what runs`.
    pub(super) purpose: &'static str,
    pub(super) verbs: &'static [&'static str],
    pub(super) group: &'static str,
    /// The plural, with a subresource after a slash.
    pub(super) resource: &'static str,
}

const SEE: &str = "to see what runs";
const RECORD: &str = "to record what runs";
const PLAN: &str = "to say in a plan what else has a say";
const CHECK: &str = "to see whether it can go back";
const BACK: &str = "to go back";
const LEADS: &str = "to see where users are led";
const LEAD: &str = "to lead users elsewhere";
const REACHED: &str = "to see whether users reach what runs";
const EVIDENCE: &str = "to keep evidence";
const PROGRAMS: &str = "to run programs in pods";

const WATCH: &[&str] = &["list", "watch"];
const FOLLOW: &[&str] = &["get", "list", "watch"];

/// All that a ward needs, in the order in which it is needed.
pub(super) fn needs(ward: Ward) -> Vec<Need> {
    match ward {
        Ward::Workload { kind, restores_secrets } => of_workload(kind, restores_secrets),
        Ward::Release => of_release(),
        Ward::Application => vec![
            need(SEE, FOLLOW, Kind::Application),
            // A rollback of Argo CD is asked for by writing to its Application.
            need(BACK, &["update", "patch"], Kind::Application),
        ],
        Ward::Service => of_traffic(Kind::Service),
        Ward::Ingress => of_traffic(Kind::Ingress),
        // The Service itself says why it leads to none of the pods.
        Ward::Reached => vec![need(REACHED, WATCH, Kind::EndpointSlice), need(REACHED, &["get"], Kind::Service)],
        Ward::Programs => vec![
            need(SEE, WATCH, Kind::Pod),
            // A WebSocket is asked for with GET, which means `get`; since 1.35 `create` is asked for beside it.
            Need { purpose: PROGRAMS, verbs: &["create", "get"], group: "", resource: "pods/exec" },
        ],
    }
}

fn of_workload(kind: WorkloadKind, restores_secrets: bool) -> Vec<Need> {
    let (workload, revision, written): (_, _, &[&str]) = match kind {
        WorkloadKind::Deployment => (Kind::Deployment, Kind::ReplicaSet, &["create", "update"]),
        WorkloadKind::Rollout => (Kind::Rollout, Kind::ReplicaSet, &["create", "update"]),
        WorkloadKind::StatefulSet => (Kind::StatefulSet, Kind::ControllerRevision, &["create", "update"]),
        // One that was not there cannot be scaled to zero.
        WorkloadKind::DaemonSet => (Kind::DaemonSet, Kind::ControllerRevision, &["create", "update", "delete"]),
    };
    let mut needs = vec![
        need(SEE, FOLLOW, workload),
        need(SEE, WATCH, revision),
        need(SEE, FOLLOW, Kind::Pod),
        need(SEE, FOLLOW, Kind::ConfigMap),
        need(RECORD, if restores_secrets { FOLLOW } else { &["get"] }, Kind::Secret),
        need(RECORD, &["list"], Kind::HorizontalPodAutoscaler),
        need(PLAN, &["list"], Kind::PodDisruptionBudget),
        need(CHECK, &["get"], Kind::ServiceAccount),
        need(CHECK, &["get"], Kind::PersistentVolumeClaim),
        need(BACK, written, workload),
        need(BACK, &["create", "update", "delete"], Kind::ConfigMap),
        need(BACK, if restores_secrets { &["create", "update", "delete"] } else { &["create"] }, Kind::Secret),
    ];
    if kind == WorkloadKind::Rollout {
        // A canary under way is aborted.
        needs.push(Need {
            purpose: BACK,
            verbs: &["patch"],
            group: Kind::Rollout.group(),
            resource: "rollouts/status",
        });
    }
    if kind == WorkloadKind::StatefulSet {
        // A pod that is not ready stands in the way of its own replacement.
        needs.push(need(BACK, &["delete"], Kind::Pod));
    }
    needs.extend(of_evidence());
    needs
}

fn of_release() -> Vec<Need> {
    let mut needs =
        vec![need(SEE, FOLLOW, Kind::Secret), need(SEE, WATCH, Kind::Pod), need(SEE, &["list"], Kind::ConfigMap)];
    for kind in [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet] {
        needs.push(need(SEE, FOLLOW, kind));
        needs.push(need(BACK, &["patch"], kind));
    }
    needs.push(need(SEE, WATCH, Kind::ReplicaSet));
    needs.push(need(SEE, WATCH, Kind::ControllerRevision));
    // Helm writes its own records.
    needs.push(need(BACK, &["create", "update", "patch", "delete"], Kind::Secret));
    needs.extend(of_evidence());
    needs
}

fn of_traffic(kind: Kind) -> Vec<Need> {
    vec![need(LEADS, &["get"], kind), need(LEAD, &["update"], kind)]
}

fn of_evidence() -> [Need; 2] {
    [
        Need { purpose: EVIDENCE, verbs: &["get"], group: "", resource: "pods/log" },
        need(EVIDENCE, &["list"], Kind::Event),
    ]
}

fn need(purpose: &'static str, verbs: &'static [&'static str], kind: Kind) -> Need {
    Need { purpose, verbs, group: kind.group(), resource: kind.plural() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_runs_programs_in_pods_may() {
        let runs = |ward: Ward| needs(ward).iter().any(|need| need.resource == "pods/exec");
        let workload = Ward::workload(WorkloadKind::StatefulSet, SecretsPolicy::Restore);
        assert_eq!([workload, Ward::Release, Ward::Application, Ward::Programs].map(runs), [false, false, false, true]);
    }

    #[test]
    fn secrets_are_listed_only_where_they_go_back() {
        let verbs = |secrets: SecretsPolicy| -> Vec<&str> {
            let needs = needs(Ward::workload(WorkloadKind::Deployment, secrets));
            needs.iter().filter(|need| need.resource == "secrets").flat_map(|need| need.verbs).copied().collect()
        };
        assert_eq!(verbs(SecretsPolicy::Keep), ["get", "create"]);
        assert!(verbs(SecretsPolicy::Restore).contains(&"list"));
    }

    #[test]
    fn what_leads_users_somewhere_is_read_and_updated_and_nothing_else() {
        for (ward, resource) in [(Ward::Service, "services"), (Ward::Ingress, "ingresses")] {
            let needs = needs(ward);
            assert!(needs.iter().all(|need| need.resource == resource), "{needs:?}");
            let verbs: Vec<&str> = needs.iter().flat_map(|need| need.verbs).copied().collect();
            assert_eq!(verbs, ["get", "update"]);
        }
    }
}
