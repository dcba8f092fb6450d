//! The port, kept for Helm releases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::HelmService;
use backout_core::detect::Led;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Detail, Fact, HelmArtifact, Seen};
use backout_core::plan::Switch;
use backout_core::port::{
    Blobs, Breakage, Captured, Clock, EventSink, Evidence, LogSink, LogSpan, Pending, Platform, PortError, Preflight,
};
use futures_util::future::join_all;

use super::observe::Look;
use super::record::Record;
use super::release::Release;
use super::{capture, drill, events, evidence, preflight, quiet, switch};
use crate::cluster::{Cluster, unseen};
use crate::exec::{HasPods, Pods};
use crate::led::led;
use crate::workloads::restart;

/// How long a look may take before it counts as failed.
const LOOKS_WITHIN: Duration = Duration::from_secs(20);

/// The releases of one cluster and namespace.
pub struct HelmPlatform {
    releases: BTreeMap<ServiceName, Release>,
    clock: Arc<dyn Clock>,
}

impl HelmPlatform {
    /// Releases as the configuration has them. Nothing is connected to before something is asked.
    #[must_use]
    pub fn new(cluster: Arc<Cluster>, services: &BTreeMap<ServiceName, HelmService>, clock: Arc<dyn Clock>) -> Self {
        let release = |service: &HelmService| Release::new(Arc::clone(&cluster), service.clone(), Arc::clone(&clock));
        let releases = services.iter().map(|(name, service)| (name.clone(), release(service))).collect();
        Self { releases, clock }
    }

    pub(super) fn release(&self, service: &ServiceName) -> Result<&Release, PortError> {
        let release = self.releases.get(service);
        release.ok_or_else(|| PortError::new(format!("`{service}` is no release of Helm in the configuration")))
    }

    /// Has all pods of a release made anew from the same templates. Helm does not learn of it.
    async fn started_anew(&self, release: &Release) -> Result<(), PortError> {
        let name = release.name();
        let Some(known) = release.newest().await? else {
            return Err(PortError::new(format!("release `{name}` is not there"))
                .hint("install it, or go back: `backout rollback`"));
        };
        if known.record.status().under_way().is_some() {
            return Err(PortError::new(format!(
                "release `{name}` is just being put in place, and was not started anew"
            ))
            .hint("wait until `helm` has ended, or see what is left of it: `backout status`"));
        }
        let own = release.cluster.namespace().await?;
        let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for workload in &known.manifest.workloads {
            let namespace = workload.namespace.as_deref().unwrap_or(own);
            all.entry(namespace.to_owned()).or_default().push((workload.kind, workload.name.clone()));
        }
        restart(&release.cluster, all, self.clock.as_ref()).await
    }

    pub(super) fn services(&self) -> impl Iterator<Item = (&ServiceName, &Release)> {
        self.releases.iter()
    }

    pub(super) async fn fact(&self, service: &ServiceName) -> Fact {
        let seen = match tokio::time::timeout(LOOKS_WITHIN, self.seen(service)).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(error)) => Seen::Unknown { why: unseen(&error) },
            Err(_) => {
                Seen::Unknown { why: format!("the API server did not answer within {} s", LOOKS_WITHIN.as_secs()) }
            }
        };
        Fact { service: service.clone(), observed_at: self.clock.now(), seen, files: BTreeMap::new() }
    }

    async fn seen(&self, service: &ServiceName) -> Result<Seen, PortError> {
        let release = self.release(service)?;
        let Some(known) = release.newest().await? else { return Ok(Seen::Absent) };
        let objects = release.objects(&known.manifest).await?;
        let look = Look::new(&known, &objects, release.cluster.namespace().await?, self.clock.now());
        Ok(look.with(release.ready_within()).seen())
    }
}

/// The Helm part of an artifact.
pub(super) fn detail(artifact: &Artifact) -> Result<&HelmArtifact, PortError> {
    match &artifact.detail {
        Detail::Helm(detail) => Ok(detail),
        _ => Err(PortError::new(format!("the artifact of `{}` was not captured from Helm", artifact.service))),
    }
}

/// The record that an artifact keeps.
pub(super) async fn kept(detail: &HelmArtifact, blobs: &dyn Blobs) -> Result<Record, PortError> {
    let content = blobs.get(&detail.record).await?;
    let secret = serde_json::from_slice(&content)
        .map_err(|error| PortError::new(format!("the kept record of `{}` cannot be read: {error}", detail.release)))?;
    Record::read(&secret)
}

impl HasPods for HelmPlatform {
    /// Those of the newest revision, whether or not it has come up.
    fn pods<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<Pods, PortError>> {
        Box::pin(async move {
            let release = self.release(service)?;
            let mut pods = Pods { workloads: Vec::new(), named: release.service.exec_in.clone() };
            let Some(known) = release.newest().await? else { return Ok(pods) };
            let own = release.cluster.namespace().await?;
            for workload in &known.manifest.workloads {
                let namespace = workload.namespace.as_deref().unwrap_or(own);
                let cluster = release.cluster.in_namespace(namespace).await?;
                pods.add(&cluster, [(workload.kind, workload.name.clone())]);
            }
            Ok(pods)
        })
    }
}

impl Platform for HelmPlatform {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        Box::pin(join_all(services.iter().map(|service| self.fact(service))))
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
        Box::pin(preflight::preflight(self, artifact, blobs))
    }

    fn notes<'a>(&'a self, artifact: &'a Artifact, blobs: &'a dyn Blobs) -> Pending<'a, Vec<String>> {
        Box::pin(preflight::notes(self, artifact, blobs))
    }

    fn switch<'a>(&'a self, switch: &'a Switch, blobs: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { switch::switch(self.release(&switch.to.service)?, switch, blobs).await })
    }

    fn at_rest(&self) -> Pending<'_, ()> {
        Box::pin(async move { drop(join_all(self.releases.values().map(Release::at_rest)).await) })
    }

    fn stop<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { switch::stop(self.release(service)?, Duration::from_millis(grace_ms)).await })
    }

    fn quiet<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { quiet::quiet(self.release(service)?, Duration::from_millis(grace_ms)).await })
    }

    fn may_quiet<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { quiet::may_quiet(self.release(service)?).await })
    }

    fn restart<'a>(&'a self, service: &'a ServiceName, _grace_ms: Option<u64>) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { self.started_anew(self.release(service)?).await })
    }

    fn break_on_purpose<'a>(
        &'a self,
        artifact: &'a Artifact,
        breakage: &'a Breakage,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<String, PortError>> {
        Box::pin(drill::break_on_purpose(self, artifact, breakage, blobs))
    }

    /// There is nothing to let go of: the record is in the checkpoint's own blobs.
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
        Box::pin(async move { evidence::output(self.release(service)?, span, sink).await })
    }

    fn led<'a>(&'a self, service: &'a ServiceName, names: &'a [String]) -> Pending<'a, Result<Vec<Led>, PortError>> {
        Box::pin(async move { led(self.pods(service).await?, names).await })
    }

    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()> {
        Box::pin(events::events(self, sink))
    }
}
