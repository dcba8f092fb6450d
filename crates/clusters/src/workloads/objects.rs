//! What the instances of some workloads are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_core::config::WorkloadKind;
use backout_core::port::PortError;
use kube::core::DynamicObject;

use crate::cluster::{Cluster, Kind};
use crate::object::{name, uid};
use crate::pods::Family;

/// Some workloads in a cluster's namespace, by kind and name.
pub(crate) struct Workloads<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) names: Vec<(WorkloadKind, String)>,
}

/// Objects of a namespace that instances are made of.
#[derive(Default)]
pub(crate) struct Objects {
    pub(crate) workloads: BTreeMap<&'static str, Vec<Arc<DynamicObject>>>,
    /// ReplicaSets and ControllerRevisions.
    pub(crate) revisions: Vec<Arc<DynamicObject>>,
    pub(crate) pods: Vec<Arc<DynamicObject>>,
    /// Events that say that pods could not be made.
    pub(crate) refusals: Vec<Arc<DynamicObject>>,
}

/// The kinds of objects that a workload shows in: its own, and that of its revisions.
pub(crate) fn kinds(kind: WorkloadKind) -> [Kind; 2] {
    match kind {
        WorkloadKind::Deployment => [Kind::Deployment, Kind::ReplicaSet],
        WorkloadKind::StatefulSet => [Kind::StatefulSet, Kind::ControllerRevision],
        WorkloadKind::DaemonSet => [Kind::DaemonSet, Kind::ControllerRevision],
        WorkloadKind::Rollout => [Kind::Rollout, Kind::ReplicaSet],
    }
}

impl<'a> Workloads<'a> {
    /// Those of these names, whether or not they are there.
    pub(crate) fn new(cluster: &'a Cluster, names: Vec<(WorkloadKind, String)>) -> Self {
        Self { cluster, names }
    }

    /// What their instances are made of. Costs no request once it is known.
    ///
    /// # Errors
    /// A kind of object that cannot be listed or watched.
    pub(crate) async fn objects(&self) -> Result<Objects, PortError> {
        let mut objects = Objects::default();
        let mut seen = Vec::new();
        for (kind, _) in &self.names {
            let [own, of_revisions] = kinds(*kind);
            if !objects.workloads.contains_key(kind.as_str()) {
                objects.workloads.insert(kind.as_str(), self.cluster.live(own).await?.all().await?);
            }
            if !seen.contains(&of_revisions) {
                seen.push(of_revisions);
                objects.revisions.extend(self.cluster.live(of_revisions).await?.all().await?);
            }
        }
        if !self.names.is_empty() {
            objects.pods = self.cluster.live(Kind::Pod).await?.all().await?;
        }
        let looked_at = self.families(&objects);
        let looked_at: Vec<(String, bool)> =
            looked_at.iter().map(|family| (uid(family.workload).to_owned(), family.is_short())).collect();
        objects.refusals = self.cluster.refusals(&looked_at).await;
        Ok(objects)
    }

    /// Those that are there, each with its revisions and pods.
    pub(crate) fn families<'b>(&self, objects: &'b Objects) -> Vec<Family<'b>> {
        let there = self.names.iter().filter_map(|(kind, name)| objects.workload(*kind, name));
        there.map(|workload| Family::of(workload, &objects.revisions, &objects.pods)).collect()
    }
}

impl Objects {
    /// A workload by kind and name.
    pub(crate) fn workload(&self, kind: WorkloadKind, wanted: &str) -> Option<&Arc<DynamicObject>> {
        self.workloads.get(kind.as_str())?.iter().find(|workload| name(workload) == wanted)
    }
}
