//! The port, kept for the workloads of one namespace.

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_core::config::KubernetesService;
use backout_core::detect::Led;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Fact};
use backout_core::plan::Switch;
use backout_core::port::{
    Blobs, Breakage, Captured, Clock, EventSink, Evidence, LogSink, LogSpan, Pending, Platform, PortError, Preflight,
};
use kube::core::DynamicObject;
use tokio::sync::Semaphore;

use super::autoscalers::Scaled;
use super::recent::Recent;
use super::version::Versions;
use super::view::{View, resource};
use super::{back, capture, events, evidence, observe, stop};
use crate::cluster::Cluster;
use crate::exec::{HasPods, Pods};
use crate::led::led;
use crate::workloads::{Workloads, restarted};

/// How many workloads are looked into at the same time: each takes a connection to the API server, and a server that is asked
/// for hundreds at once says that it is busy.
const AT_ONCE: usize = 16;

/// Workloads in one namespace of one cluster.
pub struct KubernetesPlatform {
    pub(super) cluster: Arc<Cluster>,
    pub(super) services: BTreeMap<ServiceName, KubernetesService>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) secrets: Option<Arc<dyn Blobs>>,
    pub(super) autoscalers: Recent<Scaled>,
    pub(super) budgets: Recent<Vec<DynamicObject>>,
    pub(super) looks: Semaphore,
}

impl KubernetesPlatform {
    /// Workloads as the configuration has them. Nothing is connected to before something is asked.
    #[must_use]
    pub fn new(
        cluster: Arc<Cluster>,
        services: &BTreeMap<ServiceName, KubernetesService>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (autoscalers, budgets, looks) = (Recent::default(), Recent::default(), Semaphore::new(AT_ONCE));
        Self { cluster, services: services.clone(), clock, secrets: None, autoscalers, budgets, looks }
    }

    /// The same, with Secrets as a part of versions where the configuration says that they go back: by the digest that
    /// `blobs` makes of their content with its key. Without this a change of a Secret alone is not seen.
    #[must_use]
    pub fn with_secrets_seen(self, blobs: Arc<dyn Blobs>) -> Self {
        Self { secrets: Some(blobs), ..self }
    }

    /// How versions of a service are told.
    pub(super) fn versions<'a>(&'a self, view: &'a View, service: &KubernetesService) -> Versions<'a> {
        Versions { view, secrets: service.secrets, blobs: self.secrets.as_deref() }
    }

    /// What is known of the namespace, as far as some services need it.
    pub(super) async fn view(&self, services: &[ServiceName]) -> Result<View, PortError> {
        let workloads: Vec<&KubernetesService> =
            services.iter().filter_map(|service| self.services.get(service)).collect();
        View::load(&self.cluster, &workloads).await
    }

    /// Has all pods of a service made anew from the same template.
    async fn started_anew(&self, service: &ServiceName) -> Result<(), PortError> {
        let workload = self.workload(service)?;
        let workloads = Workloads::new(&self.cluster, vec![(workload.kind, workload.name.clone())]);
        workloads.can_restart(&workloads.objects().await?)?;
        let at = self.clock.now();
        let decide = |there: Option<&DynamicObject>| {
            there.map_or(back::Act::Nothing, |there| back::Act::Replace(Box::new(restarted(there, at))))
        };
        let kind = resource(workload.kind);
        if let Some(written) = back::write(self, (kind, &workload.name), decide).await? {
            self.cluster.live(kind).await?.reflects(&written).await?;
        }
        workloads.until_anew(self.clock.as_ref()).await
    }

    /// The workload that a service is.
    pub(super) fn workload(&self, service: &ServiceName) -> Result<&KubernetesService, PortError> {
        self.services
            .get(service)
            .ok_or_else(|| PortError::new(format!("`{service}` is no workload of this cluster's configuration")))
    }
}

impl HasPods for KubernetesPlatform {
    fn pods<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<Pods, PortError>> {
        Box::pin(async move {
            let workload = self.workload(service)?;
            let mut pods = Pods { workloads: Vec::new(), named: None };
            pods.add(&self.cluster, [(workload.kind, workload.name.clone())]);
            Ok(pods)
        })
    }
}

impl Platform for KubernetesPlatform {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        Box::pin(observe::observe(self, services))
    }

    fn capture<'a>(
        &'a self,
        services: &'a [ServiceName],
        _checkpoint: &'a CheckpointId,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>> {
        Box::pin(capture::capture(self, services, blobs))
    }

    fn preflight<'a>(&'a self, artifact: &'a Artifact, blobs: &'a dyn Blobs) -> Pending<'a, Preflight> {
        Box::pin(back::preflight(self, artifact, blobs))
    }

    fn notes<'a>(&'a self, artifact: &'a Artifact, blobs: &'a dyn Blobs) -> Pending<'a, Vec<String>> {
        Box::pin(back::notes(self, artifact, blobs))
    }

    fn switch<'a>(&'a self, switch: &'a Switch, blobs: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        Box::pin(back::switch(self, switch, blobs))
    }

    fn unlike<'a>(
        &'a self,
        artifact: &'a Artifact,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Vec<String>, PortError>> {
        Box::pin(back::unlike(self, artifact, blobs))
    }

    fn stop<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(stop::stop(self, service, std::time::Duration::from_millis(grace_ms)))
    }

    fn restart<'a>(&'a self, service: &'a ServiceName, _grace_ms: Option<u64>) -> Pending<'a, Result<(), PortError>> {
        Box::pin(self.started_anew(service))
    }

    fn break_on_purpose<'a>(
        &'a self,
        artifact: &'a Artifact,
        breakage: &'a Breakage,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<String, PortError>> {
        Box::pin(back::break_on_purpose(self, artifact, breakage, blobs))
    }

    /// Nothing is pinned in a cluster: what going back needs is in the blobs.
    fn release<'a>(
        &'a self,
        _checkpoint: &'a CheckpointId,
        _artifacts: &'a [Artifact],
    ) -> Pending<'a, Result<(), PortError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn evidence<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Vec<Evidence>> {
        Box::pin(evidence::evidence(self, service))
    }

    fn logs<'a>(
        &'a self,
        service: &'a ServiceName,
        span: LogSpan,
        sink: LogSink<'a>,
    ) -> Pending<'a, Result<(), PortError>> {
        Box::pin(evidence::output(self, service, span, sink))
    }

    fn led<'a>(&'a self, service: &'a ServiceName, names: &'a [String]) -> Pending<'a, Result<Vec<Led>, PortError>> {
        Box::pin(async move { led(self.pods(service).await?, names).await })
    }

    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()> {
        Box::pin(events::events(self, sink))
    }
}
