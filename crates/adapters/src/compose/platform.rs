//! The port, kept for one Compose project.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backout_core::detect::Usage;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, ComposeArtifact, Detail, Fact, Version};
use backout_core::plan::Switch;
use backout_core::port::{
    Blobs, Breakage, Captured, Clock, EventSink, Evidence, Kept, LogSink, LogSpan, Pending, Platform, PortError,
    Preflight, Rival, Stray,
};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::container::Container;
use super::document::{project_name, would_start};
use super::engine::Engine;
use super::options::ComposeOptions;
use super::{argv, capture, events, image, observe, rivals, strays, switch, told};

/// How long a look may take before it counts as failed.
const LOOKS_WITHIN: Duration = Duration::from_secs(10);

/// One Compose project on one Docker Engine.
pub struct ComposePlatform {
    pub(super) options: ComposeOptions,
    pub(super) engine: Engine,
    pub(super) clock: Arc<dyn Clock>,
    project: OnceCell<String>,
}

impl ComposePlatform {
    /// A project as the options have it. Nothing is connected to before something is asked.
    #[must_use]
    pub fn new(options: ComposeOptions, clock: Arc<dyn Clock>) -> Self {
        let engine = Engine::new(options.docker.clone());
        Self { options, engine, clock, project: OnceCell::new() }
    }

    /// The project's name: given, in the environment, or as Compose finds it.
    pub(super) async fn project(&self) -> Result<&str, PortError> {
        let given = self.options.project.as_deref().or_else(|| self.options.docker.variable("COMPOSE_PROJECT_NAME"));
        if let Some(given) = given {
            return Ok(given);
        }
        let found = self.project.get_or_try_init(|| async {
            let output = argv::config(&self.options).run().await?;
            project_name(&output.stdout)
        });
        found.await.map(String::as_str)
    }

    /// The containers of some services as they are now.
    pub(super) async fn look(&self, services: &[ServiceName]) -> Result<Vec<Container>, PortError> {
        let names: Vec<&str> = services.iter().map(|service| self.options.compose_name(service)).collect();
        let look = async { observe::containers(&self.engine.docker().await?, self.project().await?, &names).await };
        match tokio::time::timeout(LOOKS_WITHIN, look).await {
            Ok(containers) => containers,
            Err(_) => {
                Err(PortError::new(format!("the Docker Engine did not answer within {} s", LOOKS_WITHIN.as_secs())))
            }
        }
    }
}

/// The Compose part of an artifact.
pub(super) fn detail(artifact: &Artifact) -> Result<&ComposeArtifact, PortError> {
    match &artifact.detail {
        Detail::Compose(detail) => Ok(detail),
        _ => {
            Err(PortError::new(format!("the artifact of `{}` was not captured from Docker Compose", artifact.service)))
        }
    }
}

impl Platform for ComposePlatform {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        Box::pin(async move {
            let look = self.look(services).await;
            observe::facts(&self.options, services, &look, self.clock.now())
        })
    }

    fn capture<'a>(
        &'a self,
        services: &'a [ServiceName],
        checkpoint: &'a CheckpointId,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>> {
        Box::pin(capture::capture(self, services, checkpoint, blobs))
    }

    fn preflight<'a>(&'a self, artifact: &'a Artifact, _blobs: &'a dyn Blobs) -> Pending<'a, Preflight> {
        Box::pin(image::preflight(self, artifact))
    }

    fn is_kept<'a>(&'a self, artifact: &'a Artifact) -> Pending<'a, Kept> {
        Box::pin(image::kept(self, artifact))
    }

    fn rivals<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Result<Option<Vec<Rival>>, PortError>> {
        Box::pin(async move { rivals::rivals(self, services).await.map(Some) })
    }

    fn would_start<'a>(&'a self, command: &'a [String]) -> Pending<'a, BTreeMap<ServiceName, Version>> {
        Box::pin(would_start(self, command))
    }

    fn switch<'a>(&'a self, switch: &'a Switch, blobs: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        Box::pin(switch::switch(self, switch, blobs))
    }

    fn stop<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(switch::stop(self, service, Duration::from_millis(grace_ms)))
    }

    fn restart<'a>(&'a self, service: &'a ServiceName, grace_ms: Option<u64>) -> Pending<'a, Result<(), PortError>> {
        Box::pin(switch::restart(self, service, grace_ms))
    }

    fn strays<'a>(
        &'a self,
        artifacts: &'a [Artifact],
        since: Timestamp,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Vec<Stray>, PortError>> {
        Box::pin(strays::strays(self, artifacts, since, blobs))
    }

    fn remove_stray<'a>(&'a self, stray: &'a Stray) -> Pending<'a, Result<(), PortError>> {
        Box::pin(strays::remove(self, stray))
    }

    fn break_on_purpose<'a>(
        &'a self,
        artifact: &'a Artifact,
        breakage: &'a Breakage,
        blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<String, PortError>> {
        Box::pin(switch::break_on_purpose(self, artifact, breakage, blobs))
    }

    fn release<'a>(
        &'a self,
        checkpoint: &'a CheckpointId,
        artifacts: &'a [Artifact],
    ) -> Pending<'a, Result<(), PortError>> {
        Box::pin(image::release(self, checkpoint, artifacts))
    }

    fn evidence<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Vec<Evidence>> {
        Box::pin(told::evidence(self, service))
    }

    fn logs<'a>(
        &'a self,
        service: &'a ServiceName,
        span: LogSpan,
        sink: LogSink<'a>,
    ) -> Pending<'a, Result<(), PortError>> {
        Box::pin(told::output(self, service, span, sink))
    }

    fn usage<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<Vec<Usage>, PortError>> {
        Box::pin(told::usage(self, service))
    }

    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()> {
        Box::pin(events::events(self, sink))
    }
}
