//! What there is in a namespace, for whoever writes a configuration.

use std::collections::BTreeSet;

use backout_core::config::WorkloadKind;
use backout_core::port::PortError;
use kube::api::ListParams;
use kube::core::{ObjectMeta, PartialObjectMeta};

use crate::applier::Applier;
use crate::cluster::{Cluster, Kind, failed};

/// What there is in the cluster's namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The namespace.
    pub namespace: String,
    /// Workloads, by kind and name.
    pub workloads: Vec<FoundWorkload>,
    /// Helm releases.
    pub releases: Vec<String>,
    /// Applications of Argo CD.
    pub applications: Vec<String>,
    /// Plurals of what this account may not list: there may be some.
    pub unseen: Vec<String>,
}

/// A workload, and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundWorkload {
    /// What kind of workload.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
    /// The Helm release that made it: that is what goes back.
    pub release: Option<String>,
    /// The Application of Argo CD that keeps it as it is: that is what goes back.
    pub application: Option<String>,
    /// What to know and do before it goes back on its own, where a controller applies it again and again: a sentence.
    pub warning: Option<String>,
}

const WORKLOADS: [(WorkloadKind, Kind); 4] = [
    (WorkloadKind::Deployment, Kind::Deployment),
    (WorkloadKind::StatefulSet, Kind::StatefulSet),
    (WorkloadKind::DaemonSet, Kind::DaemonSet),
    (WorkloadKind::Rollout, Kind::Rollout),
];

/// Looks for workloads, Helm releases and Applications in the cluster's namespace: six lists, of names and labels alone.
///
/// # Errors
/// The cluster cannot be reached. What the account may not list is no error.
pub async fn found(cluster: &Cluster) -> Result<Found, PortError> {
    let mut found = Found { namespace: cluster.namespace().await?.to_owned(), ..Found::default() };
    for (as_kind, kind) in WORKLOADS {
        let all = names(cluster, kind, &mut found.unseen).await?;
        found.workloads.extend(all.iter().filter_map(|metadata| workload(as_kind, metadata)));
    }
    let records = names(cluster, Kind::HelmRecord, &mut found.unseen).await?;
    found.releases = releases(&records);
    let applications = names(cluster, Kind::Application, &mut found.unseen).await?;
    found.applications = applications.into_iter().filter_map(|metadata| metadata.name).collect();
    Ok(found)
}

/// The metadata of all objects of a kind; none where the cluster does not know the kind.
async fn names(cluster: &Cluster, kind: Kind, unseen: &mut Vec<String>) -> Result<Vec<ObjectMeta>, PortError> {
    let parameters = kind.labels().map_or_else(ListParams::default, |labels| ListParams::default().labels(labels));
    match cluster.api(kind).await?.list_metadata(&parameters).await {
        Ok(all) => Ok(all.items.into_iter().map(|object: PartialObjectMeta<_>| object.metadata).collect()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
        Err(kube::Error::Api(status)) if status.code == 403 => {
            unseen.push(kind.plural().to_owned());
            Ok(Vec::new())
        }
        Err(error) => Err(failed(&format!("{} could not be listed", kind.plural()), &error)),
    }
}

/// A workload; `None` for one that another object made and will make again.
fn workload(kind: WorkloadKind, metadata: &ObjectMeta) -> Option<FoundWorkload> {
    let is_made = metadata.owner_references.iter().flatten().any(|owner| owner.controller == Some(true));
    let annotation = |name: &str| metadata.annotations.as_ref()?.get(name).cloned();
    let applier = Applier::of(metadata);
    let found = || {
        Some(FoundWorkload {
            kind,
            name: metadata.name.clone()?,
            release: annotation("meta.helm.sh/release-name"),
            warning: applier.as_ref().zip(metadata.name.as_deref()).map(|(applier, name)| applier.warning(name)),
            application: applier.and_then(Applier::application),
        })
    };
    if is_made { None } else { found() }
}

/// The names of the releases that records are of.
fn releases(records: &[ObjectMeta]) -> Vec<String> {
    let name = |record: &ObjectMeta| record.labels.as_ref()?.get("name").cloned();
    let names: BTreeSet<String> = records.iter().filter_map(name).collect();
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn metadata(value: Value) -> ObjectMeta {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_workload_is_found_with_what_it_belongs_to() {
        let of = |value: Value| workload(WorkloadKind::Deployment, &metadata(value));
        let plain = of(json!({"name": "web"})).unwrap();
        assert_eq!((plain.name.as_str(), plain.release, plain.application), ("web", None, None));
        let helm = of(json!({"name": "web", "annotations": {"meta.helm.sh/release-name": "shop"}})).unwrap();
        assert_eq!(helm.release.as_deref(), Some("shop"));
        let id = json!({"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:prod/web"});
        assert_eq!(of(json!({"name": "web", "annotations": id})).unwrap().application.as_deref(), Some("shop"));
        let owner = json!([{"apiVersion": "x/v1", "kind": "Database", "name": "db", "uid": "u", "controller": true}]);
        assert_eq!(of(json!({"name": "web", "ownerReferences": owner})), None);
    }

    #[test]
    fn a_release_is_found_once_for_all_its_revisions() {
        let record = |name: &str| metadata(json!({"labels": {"owner": "helm", "name": name}}));
        assert_eq!(releases(&[record("shop"), record("blog"), record("shop")]), ["blog", "shop"]);
    }
}
