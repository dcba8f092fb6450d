//! The platform: what the engine asks of Applications.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::ArgocdService;
use backout_core::detect::Led;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{ArgocdArtifact, Artifact, Detail, Fact, Seen, Version};
use backout_core::plan::Switch;
use backout_core::port::{
    Blobs, Captured, Clock, EventSink, Evidence, LogSink, LogSpan, Pending, Platform, PlatformEvent, PortError,
    Preflight,
};
use kube::core::DynamicObject;
use serde_json::Value;

use super::git::Clones;
use super::identity::{folder, spec, unsettled, version};
use super::seen::{running, short};
use super::switch::Way;
use super::{Application, evidence, held, pause};
use crate::cluster::{Cluster, Kind, unseen};
use crate::exec::{HasPods, Pods};
use crate::led::led;

/// How long an Application may take to sync and become healthy, in milliseconds: what its Deployments may take by default.
const ROLLOUT_MS: u64 = 600_000;

/// The Applications of one Argo CD.
pub struct ArgocdPlatform {
    cluster: Arc<Cluster>,
    services: BTreeMap<ServiceName, ArgocdService>,
    clones: Clones,
    clock: Arc<dyn Clock>,
}

impl ArgocdPlatform {
    /// A platform that is not connected to yet. `clones` is the folder for clones of repositories.
    #[must_use]
    pub fn new(
        cluster: Arc<Cluster>,
        services: &BTreeMap<ServiceName, ArgocdService>,
        clones: PathBuf,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let clones = Clones::new(clones, &cluster.environment());
        Self { cluster, services: services.clone(), clones, clock }
    }

    /// Switches auto-sync of a service on again, as it was before a way back paused it. False where it was not paused so.
    ///
    /// # Errors
    /// The Application cannot be read or written.
    pub async fn rearm(&self, service: &ServiceName) -> Result<bool, PortError> {
        let api = self.cluster.api(Kind::Application).await?;
        pause::rearm(&api, &self.service(service)?.application).await
    }

    fn service(&self, name: &ServiceName) -> Result<&ArgocdService, PortError> {
        self.services.get(name).ok_or_else(|| PortError::new(format!("`{name}` is no Application of this Argo CD")))
    }

    async fn object(&self, service: &ArgocdService) -> Result<Option<Arc<DynamicObject>>, PortError> {
        self.cluster.live(Kind::Application).await?.get(&service.application).await
    }

    async fn seen(&self, name: &ServiceName) -> Result<Seen, PortError> {
        let service = self.service(name)?;
        let Some(object) = self.object(service).await? else { return Ok(Seen::Absent) };
        let app = Application::of(&object);
        let mut version = self.version(service, &app).await?;
        if app.held.is_none() {
            return Ok(Seen::Present(running(&app, version)));
        }
        // Until the mark is gone there is something left to be done.
        version.code.push_str(" held");
        let is_quiet = held::is_quiet(&self.cluster, &object).await?;
        let running = running(&app, version);
        Ok(Seen::Present(if is_quiet { held::still(running, &app) } else { running }))
    }

    /// Where it goes back by a revert, the content of its folder is what runs: the revert has a commit of its own.
    async fn version(&self, service: &ArgocdService, app: &Application) -> Result<Version, PortError> {
        let (Some(revert), Some(newest)) = (&service.revert, app.history.last()) else { return Ok(version(app)) };
        let Some(commit) = newest.revisions.first() else { return Ok(version(app)) };
        let folder = folder(&newest.sources, &app.name, revert.repository.as_deref())?;
        let tree = self.clones.tree(&folder, commit).await?;
        Ok(Version { code: format!("tree:{tree}{}", unsettled(app, newest)), spec: spec(&newest.sources) })
    }

    async fn captured(&self, name: &ServiceName, blobs: &dyn Blobs) -> Result<Option<Artifact>, PortError> {
        let service = self.service(name)?;
        let Some(object) = self.object(service).await? else { return Ok(None) };
        let app = Application::of(&object);
        let newest = app.history.last().ok_or_else(|| {
            PortError::new(format!("Application `{}` was never synced: there is nothing to go back to", app.name))
                .hint("sync it once: `argocd app sync`")
        })?;
        let version = self.version(service, &app).await?;
        let detail = ArgocdArtifact {
            application: app.name.clone(),
            namespace: self.cluster.namespace().await?.to_owned(),
            history: newest.id,
            revisions: newest.revisions.clone(),
            sources: blobs.put(newest.sources.to_string().as_bytes()).await?,
            rollout_ms: ROLLOUT_MS,
        };
        let label = newest.revisions.iter().map(|revision| short(revision)).collect::<Vec<_>>().join(", ");
        let detail = Detail::Argocd(detail);
        Ok(Some(Artifact { service: name.clone(), version, label, replicas: 1, files: Vec::new(), detail }))
    }

    async fn went_back(&self, switch: &Switch, blobs: &dyn Blobs) -> Result<(), PortError> {
        let service = self.service(&switch.to.service)?;
        let artifact = detail(&switch.to)?;
        let sources = sources(artifact, blobs).await?;
        let api = self.cluster.api(Kind::Application).await?;
        let live = self.cluster.live(Kind::Application).await?;
        let (cluster, clock) = (&self.cluster, self.clock.as_ref());
        let (clones, starts_anew) = (&self.clones, switch.starts_anew());
        let way =
            Way { cluster, clock, api: &api, live: &live, service, clones, artifact, sources: &sources, starts_anew };
        way.go().await
    }

    /// By a revert, the commit must be there. Else Argo CD syncs to any revision that its repository has, which it alone
    /// can tell.
    async fn can_run(&self, artifact: &Artifact, blobs: &dyn Blobs) -> Result<Preflight, PortError> {
        let service = self.service(&artifact.service)?;
        let detail = detail(artifact)?;
        let sources = sources(detail, blobs).await?;
        let (Some(revert), Some(commit)) = (&service.revert, detail.revisions.first()) else {
            return Ok(Preflight::Present);
        };
        let folder = folder(&sources, &detail.application, revert.repository.as_deref())?;
        Ok(match self.clones.tree(&folder, commit).await {
            Ok(_) => Preflight::Present,
            Err(error) => {
                Preflight::Gone { why: format!("commit {} of {}: {error}", short(commit), folder.repository) }
            }
        })
    }

    async fn worth_knowing(&self, artifact: &Artifact) -> Result<Vec<String>, PortError> {
        let service = self.service(&artifact.service)?;
        let Some(object) = self.object(service).await? else { return Ok(Vec::new()) };
        let app = Application::of(&object);
        let mut notes = vec!["hooks do not run when Argo CD goes back".to_owned()];
        if service.revert.is_some() {
            notes.push("a commit is made in its repository, and auto-sync brings it".to_owned());
        } else if app.automated.is_some() {
            notes.push("auto-sync is paused, and stays so until `backout rearm`".to_owned());
            notes.extend(app.parent.map(|parent| format!("{parent} manages it, and may switch auto-sync on again")));
        }
        Ok(notes)
    }
}

async fn sources(artifact: &ArgocdArtifact, blobs: &dyn Blobs) -> Result<Value, PortError> {
    let content = blobs.get(&artifact.sources).await?;
    serde_json::from_slice(&content).map_err(|error| PortError::new(format!("the sources cannot be read: {error}")))
}

fn detail(artifact: &Artifact) -> Result<&ArgocdArtifact, PortError> {
    match &artifact.detail {
        Detail::Argocd(detail) => Ok(detail),
        _ => Err(PortError::new(format!("the artifact of `{}` was not captured from Argo CD", artifact.service))),
    }
}

impl HasPods for ArgocdPlatform {
    fn pods<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<Pods, PortError>> {
        Box::pin(async move {
            let service = self.service(service)?;
            let mut pods = Pods { workloads: Vec::new(), named: service.exec_in.clone() };
            let Some(application) = self.object(service).await? else { return Ok(pods) };
            held::is_in_cluster(&application)?;
            for (namespace, workloads) in held::workloads(&application) {
                pods.add(&self.cluster.in_namespace(&namespace).await?, workloads);
            }
            Ok(pods)
        })
    }
}

impl Platform for ArgocdPlatform {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        Box::pin(async move {
            let mut facts = Vec::new();
            for service in services {
                let seen = self.seen(service).await.unwrap_or_else(|error| Seen::Unknown { why: unseen(&error) });
                let (observed_at, files) = (self.clock.now(), BTreeMap::new());
                facts.push(Fact { service: service.clone(), observed_at, seen, files });
            }
            facts
        })
    }

    fn capture<'a>(
        &'a self,
        services: &'a [ServiceName],
        _: &'a CheckpointId,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>> {
        Box::pin(async move {
            let mut captured = Captured::default();
            for service in services {
                match self.captured(service, blobs).await? {
                    Some(artifact) => captured.artifacts.push(artifact),
                    None => captured.absent.push(service.clone()),
                }
            }
            Ok(captured)
        })
    }

    fn preflight<'a>(&'a self, artifact: &'a Artifact, blobs: &'a dyn Blobs) -> Pending<'a, Preflight> {
        Box::pin(async move {
            let found = self.can_run(artifact, blobs).await;
            found.unwrap_or_else(|error| Preflight::Unknown { why: error.to_string() })
        })
    }

    fn notes<'a>(&'a self, artifact: &'a Artifact, _: &'a dyn Blobs) -> Pending<'a, Vec<String>> {
        Box::pin(async move { self.worth_knowing(artifact).await.unwrap_or_default() })
    }

    fn switch<'a>(&'a self, switch: &'a Switch, blobs: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        Box::pin(self.went_back(switch, blobs))
    }

    fn stop<'a>(&'a self, service: &'a ServiceName, _: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            Err(PortError::new(format!("`{service}` was not there, and backout does not delete Applications"))
                .hint("delete it yourself, and decide what becomes of its resources: `argocd app delete`"))
        })
    }

    fn quiet<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let within = (Duration::from_millis(grace_ms), self.clock.as_ref());
            held::quiet(&self.cluster, &self.service(service)?.application, within).await
        })
    }

    fn may_quiet<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { self.object(self.service(service)?).await?.as_deref().map_or(Ok(()), held::may_quiet) })
    }

    fn restart<'a>(&'a self, service: &'a ServiceName, _grace_ms: Option<u64>) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { held::restart(&self.cluster, self.service(service)?, self.clock.as_ref()).await })
    }

    /// Nothing is pinned: what a way back needs is in the checkpoint and in the repository.
    fn release<'a>(&'a self, _: &'a CheckpointId, _: &'a [Artifact]) -> Pending<'a, Result<(), PortError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn evidence<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Vec<Evidence>> {
        Box::pin(async move {
            let Ok(service) = self.service(service) else { return Vec::new() };
            match self.object(service).await {
                Ok(Some(object)) => evidence::evidence(&self.cluster, &object, self.clock.now()).await,
                Ok(None) => Vec::new(),
                Err(error) => {
                    let name = format!("{}.error.txt", service.application);
                    vec![Evidence { name, content: error.to_string().into_bytes() }]
                }
            }
        })
    }

    fn logs<'a>(
        &'a self,
        service: &'a ServiceName,
        span: LogSpan,
        sink: LogSink<'a>,
    ) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            match self.object(self.service(service)?).await? {
                Some(object) => evidence::output(&self.cluster, &object, span, sink).await,
                None => Ok(()),
            }
        })
    }

    fn led<'a>(&'a self, service: &'a ServiceName, names: &'a [String]) -> Pending<'a, Result<Vec<Led>, PortError>> {
        Box::pin(async move { led(self.pods(service).await?, names).await })
    }

    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()> {
        Box::pin(async move {
            let Ok(live) = self.cluster.live(Kind::Application).await else { return };
            let mut changes = live.changes();
            while changes.changed().await.is_ok() {
                sink(PlatformEvent::Lost { why: "an Application changed".to_owned() });
            }
        })
    }
}
