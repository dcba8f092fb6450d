//! Everything that one look needs, from what is known of the cluster: no request is made for it, but for what events say of
//! pods that are missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_core::config::{KubernetesService, SecretsPolicy, WorkloadKind};
use backout_core::inventory::ConfigurationKind;
use backout_core::port::PortError;
use kube::core::DynamicObject;

use super::configuration::{Key, References};
use crate::cluster::{Cluster, Kind};
use crate::object::{name, uid};
use crate::pods::{Family, pods_of};

/// What is known of a namespace.
pub(super) struct View {
    workloads: BTreeMap<(WorkloadKind, String), Arc<DynamicObject>>,
    revisions: Vec<Arc<DynamicObject>>,
    pods: Vec<Arc<DynamicObject>>,
    configuration: BTreeMap<Key, Arc<DynamicObject>>,
    refusals: Vec<Arc<DynamicObject>>,
    looks_at_secrets: bool,
}

impl View {
    /// What is known of the namespace, as far as some services need it.
    ///
    /// # Errors
    /// A kind of object that cannot be listed or watched.
    pub(super) async fn load(cluster: &Cluster, services: &[&KubernetesService]) -> Result<Self, PortError> {
        let mut view = Self {
            workloads: BTreeMap::new(),
            revisions: Vec::new(),
            pods: Vec::new(),
            configuration: BTreeMap::new(),
            refusals: Vec::new(),
            looks_at_secrets: services.iter().any(|service| service.secrets == SecretsPolicy::Restore),
        };
        let kinds: std::collections::BTreeSet<WorkloadKind> = services.iter().map(|service| service.kind).collect();
        let revisions: std::collections::BTreeSet<Kind> = kinds.iter().copied().map(revision_resource).collect();
        let secrets = view.looks_at_secrets.then_some(Kind::Secret);
        let others = [Kind::Pod, Kind::ConfigMap].into_iter().chain(secrets);
        // All first lists are under way before one is waited for.
        for kind in kinds.iter().copied().map(resource).chain(revisions.iter().copied()).chain(others) {
            cluster.live(kind).await?;
        }
        for kind in &kinds {
            let all = cluster.live(resource(*kind)).await?.all().await?;
            view.workloads.extend(all.into_iter().map(|object| ((*kind, name(&object).to_owned()), object)));
        }
        for kind in revisions {
            view.revisions.extend(cluster.live(kind).await?.all().await?);
        }
        view.pods = cluster.live(Kind::Pod).await?.all().await?;
        view.read(cluster, ConfigurationKind::ConfigMap, Kind::ConfigMap).await?;
        // Secrets are only looked at all the time where they go back: many accounts may not list them.
        if view.looks_at_secrets {
            view.read(cluster, ConfigurationKind::Secret, Kind::Secret).await?;
        }
        let looked_at = services.iter().filter_map(|service| view.family(service));
        let looked_at: Vec<(String, bool)> =
            looked_at.map(|family| (uid(family.workload).to_owned(), family.is_short())).collect();
        view.refusals = cluster.refusals(&looked_at).await;
        Ok(view)
    }

    async fn read(&mut self, cluster: &Cluster, as_kind: ConfigurationKind, kind: Kind) -> Result<(), PortError> {
        let all = cluster.live(kind).await?.all().await?;
        self.configuration.extend(all.into_iter().map(|object| ((as_kind, name(&object).to_owned()), object)));
        Ok(())
    }

    /// The workload of a service; `None` where there is none.
    pub(super) fn workload(&self, service: &KubernetesService) -> Option<&Arc<DynamicObject>> {
        self.workloads.get(&(service.kind, service.name.clone()))
    }

    /// Events that say that pods could not be made.
    pub(super) fn refusals(&self) -> &[Arc<DynamicObject>] {
        &self.refusals
    }

    /// The workload of a service with its revisions and pods.
    pub(super) fn family(&self, service: &KubernetesService) -> Option<Family<'_>> {
        Some(Family::of(self.workload(service)?, &self.revisions, &self.pods))
    }

    /// A workload as it was just read, with what is known of its revisions and pods.
    pub(super) fn family_of<'a>(&'a self, workload: &'a DynamicObject) -> Family<'a> {
        Family::of(workload, &self.revisions, &self.pods)
    }

    /// Whether configuration of that kind is looked at all the time.
    pub(super) fn looks_at(&self, kind: ConfigurationKind) -> bool {
        kind == ConfigurationKind::ConfigMap || self.looks_at_secrets
    }

    /// A ConfigMap, or a Secret where Secrets are looked at.
    pub(super) fn configuration(&self, key: &Key) -> Option<&Arc<DynamicObject>> {
        self.configuration.get(key)
    }

    /// Those of the names that are there and go back.
    pub(super) fn going_back<'a>(
        &'a self,
        references: &'a References,
        secrets: SecretsPolicy,
    ) -> impl Iterator<Item = (&'a Key, &'a DynamicObject)> {
        let goes_back = move |key: &Key| key.0 == ConfigurationKind::ConfigMap || secrets == SecretsPolicy::Restore;
        let names = references.keys().filter(move |key| goes_back(key));
        names.filter_map(|key| Some((key, self.configuration.get(key)?.as_ref())))
    }

    /// How many pods a workload has, those that are on their way out as well.
    pub(super) fn all_pods_of(&self, workload: &DynamicObject) -> usize {
        pods_of(workload, &self.revisions, &self.pods)
    }
}

/// The kind of object that a workload is.
pub(super) fn resource(kind: WorkloadKind) -> Kind {
    match kind {
        WorkloadKind::Deployment => Kind::Deployment,
        WorkloadKind::StatefulSet => Kind::StatefulSet,
        WorkloadKind::DaemonSet => Kind::DaemonSet,
        WorkloadKind::Rollout => Kind::Rollout,
    }
}

/// The kind of object that stands for the templates of a workload.
pub(super) fn revision_resource(kind: WorkloadKind) -> Kind {
    match kind {
        WorkloadKind::Deployment | WorkloadKind::Rollout => Kind::ReplicaSet,
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => Kind::ControllerRevision,
    }
}
