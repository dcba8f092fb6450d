//! The port: the host services of one environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::HostService;
use backout_core::detect::Usage;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Fact, Seen};
use backout_core::plan::Switch;
use backout_core::port::{
    Blobs, Captured, Clock, EventSink, Evidence, Kept, LogSink, LogSpan, Pending, Platform, PlatformEvent, PortError,
    Preflight,
};
use futures_util::future::join_all;

use super::manage::Surroundings;
use super::service::OneService;
use crate::command::Environment;
use crate::secret::Secrets;

/// How long a service that says nothing may take to stop when it is started anew.
const RESTART_GRACE: Duration = Duration::from_secs(10);

/// What host services need from the program that they are part of.
#[derive(Clone)]
pub struct HostOptions {
    /// The environment that every program sees; `PATH` is looked through for `git`, `systemctl` and the user's own.
    pub environment: Environment,
    /// Where supervised services have their state, log and lock files: one folder an environment.
    pub folder: PathBuf,
    /// The supervising program with its first arguments (`/proc/self/exe supervise`); the path of its options follows.
    pub supervisor: Vec<String>,
    /// Whether systemd's bus is used where there is one. `systemctl` is asked where there is none, or with `false`.
    pub is_bus_used: bool,
    /// Looks up the secrets of supervised services.
    pub secrets: Arc<Secrets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The host services of one environment.
pub struct HostPlatform {
    services: BTreeMap<ServiceName, OneService>,
    clock: Arc<dyn Clock>,
}

impl HostPlatform {
    /// Knows services by their resolved configuration. Touches nothing yet.
    #[must_use]
    pub fn new(services: &BTreeMap<ServiceName, HostService>, options: HostOptions) -> Self {
        let clock = Arc::clone(&options.clock);
        let surroundings = Surroundings {
            environment: options.environment,
            folder: options.folder,
            supervisor: options.supervisor,
            is_bus_used: options.is_bus_used,
            secrets: options.secrets,
            clock: options.clock,
        };
        let known = services
            .iter()
            .map(|(name, service)| (name.clone(), OneService::new(name, service, &surroundings)))
            .collect();
        Self { services: known, clock }
    }

    pub(super) fn service(&self, name: &ServiceName) -> Result<&OneService, PortError> {
        self.services.get(name).ok_or_else(|| {
            PortError::new(format!("`{name}` is not a host service of this environment"))
                .hint("it may have been renamed in the configuration since")
        })
    }

    async fn observe_one(&self, name: &ServiceName) -> Fact {
        match self.service(name) {
            Ok(service) => service.observe().await,
            Err(error) => Fact {
                service: name.clone(),
                observed_at: self.clock.now(),
                seen: Seen::Unknown { why: error.what },
                files: BTreeMap::new(),
            },
        }
    }
}

impl Platform for HostPlatform {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        Box::pin(join_all(services.iter().map(|name| self.observe_one(name))))
    }

    fn capture<'a>(
        &'a self,
        services: &'a [ServiceName],
        checkpoint: &'a CheckpointId,
        _blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>> {
        Box::pin(async move {
            let mut captured = Captured::default();
            // One after the other: two services may share a folder.
            for name in services {
                match self.service(name)?.capture(checkpoint).await? {
                    Some(artifact) => captured.artifacts.push(artifact),
                    None => captured.absent.push(name.clone()),
                }
            }
            Ok(captured)
        })
    }

    fn preflight<'a>(&'a self, artifact: &'a Artifact, _blobs: &'a dyn Blobs) -> Pending<'a, Preflight> {
        Box::pin(async move {
            match self.service(&artifact.service) {
                Ok(service) => service.preflight(&artifact.version).await,
                Err(error) => Preflight::Unknown { why: error.what },
            }
        })
    }

    fn is_kept<'a>(&'a self, artifact: &'a Artifact) -> Pending<'a, Kept> {
        Box::pin(async move {
            match self.service(&artifact.service) {
                Ok(service) => service.preflight(&artifact.version).await.into(),
                Err(error) => Kept::Unknown { why: error.what },
            }
        })
    }

    fn switch<'a>(&'a self, switch: &'a Switch, _blobs: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            let grace = Duration::from_millis(switch.grace_ms);
            self.service(&switch.to.service)?.switch(&switch.to.version, grace).await
        })
    }

    fn stop<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { self.service(service)?.stop(Duration::from_millis(grace_ms)).await })
    }

    fn restart<'a>(&'a self, service: &'a ServiceName, grace_ms: Option<u64>) -> Pending<'a, Result<(), PortError>> {
        let grace = grace_ms.map_or(RESTART_GRACE, Duration::from_millis);
        Box::pin(async move { self.service(service)?.restart(grace).await })
    }

    fn release<'a>(
        &'a self,
        checkpoint: &'a CheckpointId,
        artifacts: &'a [Artifact],
    ) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move {
            for artifact in artifacts {
                // A service that left the configuration takes its folder's name with it; what was kept there is small.
                if let Ok(service) = self.service(&artifact.service) {
                    service.release(checkpoint).await?;
                }
            }
            Ok(())
        })
    }

    fn evidence<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Vec<Evidence>> {
        Box::pin(async move {
            match self.service(service) {
                Ok(found) => found.evidence().await,
                Err(error) => vec![Evidence { name: format!("{service}.txt"), content: error.what.into_bytes() }],
            }
        })
    }

    fn logs<'a>(
        &'a self,
        service: &'a ServiceName,
        span: LogSpan,
        sink: LogSink<'a>,
    ) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { self.service(service)?.output(span, sink).await })
    }

    fn usage<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Result<Vec<Usage>, PortError>> {
        Box::pin(async move { self.service(service)?.usage().await })
    }

    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()> {
        Box::pin(async move {
            let sink: &(dyn Fn(PlatformEvent) + Send + Sync) = &*sink;
            join_all(self.services.values().map(|service| service.follow(sink))).await;
            // Without services there is nothing to tell, and the stream does not end.
            std::future::pending::<()>().await;
        })
    }
}
