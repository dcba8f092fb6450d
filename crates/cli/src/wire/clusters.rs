//! From the configuration to clusters: one connection a cluster, shared by the platforms on it; one platform for its
//! workloads, one for its Helm releases, one for its Applications.

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_clusters::{ArgocdPlatform, Cluster, ClusterOptions, HasPods, HelmPlatform, KubernetesPlatform, Programs};
use backout_core::config::{ArgocdService, ClusterAccess, HelmService, KubernetesService, ServicePlatform};
use backout_core::id::ServiceName;
use backout_core::port::{Clock, Platform};
use backout_engine::Hosted;
use backout_engine::clock::SystemClock;

use super::Setup;

/// The services on one cluster. Helm releases have a program beside it, which is part of what tells them apart.
#[derive(Default)]
pub(crate) struct OnCluster {
    pub(crate) kubernetes: BTreeMap<ServiceName, KubernetesService>,
    pub(crate) helm: BTreeMap<ServiceName, HelmService>,
    pub(crate) argocd: BTreeMap<ServiceName, ArgocdService>,
}

/// The services of an environment by the cluster, namespace and account that they are reached with.
pub(crate) fn by_cluster(setup: &Setup) -> BTreeMap<ClusterAccess, OnCluster> {
    let mut clusters: BTreeMap<ClusterAccess, OnCluster> = BTreeMap::new();
    for (name, service) in &setup.environment.services {
        match &service.platform {
            ServicePlatform::Kubernetes(workload) => {
                let on = clusters.entry(workload.cluster.clone()).or_default();
                on.kubernetes.insert(name.clone(), workload.clone());
            }
            ServicePlatform::Helm(release) => {
                let on = clusters.entry(release.cluster.clone()).or_default();
                on.helm.insert(name.clone(), release.clone());
            }
            ServicePlatform::Argocd(application) => {
                let on = clusters.entry(application.cluster.clone()).or_default();
                on.argocd.insert(name.clone(), application.clone());
            }
            ServicePlatform::Compose(_)
            | ServicePlatform::Host(_)
            | ServicePlatform::Exec(_)
            | ServicePlatform::Traffic(_) => {}
        }
    }
    clusters
}

/// A cluster that is not connected to yet.
pub(crate) fn cluster(setup: &Setup, access: &ClusterAccess) -> Arc<Cluster> {
    Cluster::new(ClusterOptions {
        access: access.clone(),
        folder: setup.found.folder().to_path_buf(),
        environment: setup.process.variables.clone(),
    })
}

/// The Applications of an environment: each Argo CD with the services on it.
pub(crate) fn applications(setup: &Setup) -> Vec<(Vec<ServiceName>, ArgocdPlatform)> {
    let of_cluster = |(access, on): (ClusterAccess, OnCluster)| {
        let services: Vec<ServiceName> = on.argocd.keys().cloned().collect();
        let platform = argocd(setup, cluster(setup, &access), &on.argocd);
        (!services.is_empty()).then_some((services, platform))
    };
    by_cluster(setup).into_iter().filter_map(of_cluster).collect()
}

fn argocd(setup: &Setup, cluster: Arc<Cluster>, services: &BTreeMap<ServiceName, ArgocdService>) -> ArgocdPlatform {
    ArgocdPlatform::new(cluster, services, setup.state.root().join("clones"), Arc::new(SystemClock))
}

/// The platforms on clusters, and who runs programs in the pods of their services.
#[derive(Default)]
pub(super) struct Clustered {
    pub(super) hosted: Vec<Hosted>,
    pub(super) programs: Vec<(Vec<ServiceName>, Arc<Programs>)>,
}

impl Clustered {
    fn host<P: Platform + HasPods + 'static>(&mut self, services: Vec<ServiceName>, platform: P) {
        if services.is_empty() {
            return;
        }
        let platform = Arc::new(platform);
        self.programs.push((services.clone(), Arc::new(Programs::new(Arc::clone(&platform) as _))));
        self.hosted.push(Hosted { platform, services });
    }
}

/// The platforms on clusters. None of them is connected to yet.
pub(super) fn clustered(setup: &Setup) -> Clustered {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut clustered = Clustered::default();
    for (access, on) in by_cluster(setup) {
        let cluster = cluster(setup, &access);
        let workloads = KubernetesPlatform::new(Arc::clone(&cluster), &on.kubernetes, Arc::clone(&clock))
            .with_secrets_seen(Arc::clone(&setup.blobs) as _);
        clustered.host(on.kubernetes.into_keys().collect(), workloads);
        let releases = HelmPlatform::new(Arc::clone(&cluster), &on.helm, Arc::clone(&clock));
        clustered.host(on.helm.into_keys().collect(), releases);
        let applications = argocd(setup, cluster, &on.argocd);
        clustered.host(on.argocd.into_keys().collect(), applications);
    }
    clustered
}
