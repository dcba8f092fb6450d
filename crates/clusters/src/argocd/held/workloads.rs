//! Which workloads an Application has, as Argo CD tells. Pure.

use std::collections::{BTreeMap, BTreeSet};

use backout_core::config::WorkloadKind;
use backout_core::port::PortError;
use kube::core::DynamicObject;
use serde_json::Value;

use crate::object::{list, name, text};

/// How Argo CD names the cluster that it runs in.
const OWN_CLUSTER: [&str; 2] = ["https://kubernetes.default.svc", "in-cluster"];

/// The workloads of an Application by namespace, each by kind and name.
///
/// | in `status.resources`                      | taken   |
/// |--------------------------------------------|---------|
/// | a Deployment, StatefulSet or DaemonSet of `apps`, a Rollout of `argoproj.io` | yes |
/// | anything else                              | no      |
pub(in crate::argocd) fn workloads(application: &DynamicObject) -> BTreeMap<String, Vec<(WorkloadKind, String)>> {
    let own = text(&application.data, "/spec/destination/namespace").unwrap_or_default();
    let mut all: BTreeMap<String, Vec<(WorkloadKind, String)>> = BTreeMap::new();
    for (kind, namespace, name) in list(&application.data, "/status/resources").iter().filter_map(workload) {
        let namespace = if namespace.is_empty() { own } else { namespace };
        all.entry(namespace.to_owned()).or_default().push((kind, name.to_owned()));
    }
    all
}

/// Those of them that the newest sync would have removed, had it been told to: what it put in place does not have them.
pub(super) fn left_over(application: &DynamicObject) -> BTreeSet<(WorkloadKind, String)> {
    let synced = list(&application.data, "/status/operationState/syncResult/resources").iter();
    let skipped = synced.filter(|resource| text(resource, "/status") == Some("PruneSkipped"));
    skipped.filter_map(workload).map(|(kind, _, name)| (kind, name.to_owned())).collect()
}

fn workload(resource: &Value) -> Option<(WorkloadKind, &str, &str)> {
    let part = |pointer| text(resource, pointer).unwrap_or_default();
    let kind = match (part("/group"), part("/kind")) {
        ("apps", "Deployment") => WorkloadKind::Deployment,
        ("apps", "StatefulSet") => WorkloadKind::StatefulSet,
        ("apps", "DaemonSet") => WorkloadKind::DaemonSet,
        ("argoproj.io", "Rollout") => WorkloadKind::Rollout,
        _ => return None,
    };
    Some((kind, part("/namespace"), part("/name")))
}

/// Whether an Application deploys to the cluster that Argo CD runs in, which is the one that is reached from here.
///
/// # Errors
/// It deploys to another one.
pub(in crate::argocd) fn is_in_cluster(application: &DynamicObject) -> Result<(), PortError> {
    let places = ["/spec/destination/server", "/spec/destination/name"].map(|at| text(&application.data, at));
    let elsewhere = places.into_iter().flatten().find(|place| !place.is_empty() && !OWN_CLUSTER.contains(place));
    match elsewhere {
        None => Ok(()),
        Some(place) => {
            let what = format!("Application `{}` deploys to another cluster (`{place}`)", name(application));
            Err(PortError::new(what)
                .hint("make its workloads services of platform `kubernetes` with a context of their own"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn application(destination: &Value, resources: &Value) -> DynamicObject {
        serde_json::from_value(json!({"metadata": {"name": "shop"}, "spec": {"destination": destination},
            "status": {"resources": resources, "operationState": {"syncResult": {"resources": [
                {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "new", "status": "PruneSkipped"},
                {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "Synced"}]}}}}))
        .unwrap()
    }

    #[test]
    fn workloads_are_told_by_namespace_and_other_resources_are_not() {
        let shop = application(
            &json!({"server": "https://kubernetes.default.svc", "namespace": "shop"}),
            &json!([
                {"version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "web"},
                {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "web"},
                {"group": "apps", "version": "v1", "kind": "StatefulSet", "name": "queue"},
                {"group": "argoproj.io", "version": "v1alpha1", "kind": "Rollout", "namespace": "edge", "name": "proxy"},
                {"group": "example.com", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "other"},
            ]),
        );
        let (shops, edges) = (
            vec![(WorkloadKind::Deployment, "web".to_owned()), (WorkloadKind::StatefulSet, "queue".to_owned())],
            vec![(WorkloadKind::Rollout, "proxy".to_owned())],
        );
        assert_eq!(workloads(&shop), BTreeMap::from([("shop".to_owned(), shops), ("edge".to_owned(), edges)]));
        assert_eq!(left_over(&shop), BTreeSet::from([(WorkloadKind::Deployment, "new".to_owned())]));
    }

    #[test]
    fn only_the_cluster_of_argo_cd_itself_is_reached() {
        for (destination, is_own) in [
            (json!({"server": "https://kubernetes.default.svc"}), true),
            (json!({"name": "in-cluster", "server": ""}), true),
            (json!({}), true),
            (json!({"server": "https://10.0.0.1"}), false),
            (json!({"name": "eu"}), false),
        ] {
            assert_eq!(is_in_cluster(&application(&destination, &json!([]))).is_ok(), is_own, "{destination}");
        }
    }
}
