//! Making a service run what was captured, and stopping one that should not be there.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::InstanceState;
use backout_core::plan::{Switch, SwitchOrder};
use backout_core::port::{Blobs, PortError};
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{RemoveContainerOptionsBuilder, StopContainerOptionsBuilder};
use tokio::time::{Instant, sleep};

use crate::compose::argv::{self, Recreate, Up};
use crate::compose::container::Container;
use crate::compose::document::secrets;
use crate::compose::engine::{failed, is_missing};
use crate::compose::platform::{ComposePlatform, detail};

/// How long a new container may take to be well, beside its start period, before the old one is kept instead.
const WELL_WITHIN: Duration = Duration::from_secs(60);

/// How long a container without a health check must run to count as started.
const STEADY: Duration = Duration::from_secs(1);

/// How often new containers are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// One switch under way.
struct Switching<'a> {
    platform: &'a ComposePlatform,
    service: &'a ServiceName,
    docker: Docker,
    document: Vec<u8>,
    request: Up<'a>,
}

/// Makes a service run an artifact.
pub(in crate::compose) async fn switch(
    platform: &ComposePlatform,
    switch: &Switch,
    blobs: &dyn Blobs,
) -> Result<(), PortError> {
    let detail = detail(&switch.to)?;
    let service = &switch.to.service;
    let recreate = if switch.starts_anew() { Recreate::All } else { Recreate::Differing };
    let switching = Switching {
        platform,
        service,
        docker: platform.engine.docker().await?,
        document: blobs.get(&detail.project).await?,
        request: Up {
            project: platform.project().await?,
            service: platform.options.compose_name(service),
            scale: switch.to.replicas,
            grace: Duration::from_millis(switch.grace_ms),
            recreate,
        },
    };
    match switch.order {
        SwitchOrder::StopFirst => switching.up(switching.request.clone()).await,
        SwitchOrder::StartFirst => switching.start_first(switch, Duration::from_millis(detail.start_period_ms)).await,
    }
}

impl Switching<'_> {
    /// Has Compose bring the service up: it makes the new container, stops and removes the old one, and starts the new.
    async fn up(&self, request: Up<'_>) -> Result<(), PortError> {
        let command = argv::up(&self.platform.options, &request, self.document.clone());
        let Err(error) = command.secrets(secrets(&self.document)).run().await else { return Ok(()) };
        let last = error.stderr().lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let why = if last.is_empty() { error.to_string() } else { last.trim().to_owned() };
        let now = self.what_is_there().await;
        let what = PortError::new(format!("`{}` could not be brought up: {why}; {now}", self.service));
        Err(match error.hint() {
            Some(hint) => what.hint(hint),
            None => what,
        })
    }

    /// Starts new containers beside the old ones, and ends the old ones when the new ones are well. Where they do not get
    /// well, they are removed and the old ones stay.
    async fn start_first(&self, switch: &Switch, start_period: Duration) -> Result<(), PortError> {
        let is_new = |container: &Container| container.version() == switch.to.version && !switch.starts_anew();
        let (there, dead): (Vec<_>, Vec<_>) =
            self.containers().await?.into_iter().partition(|container| container.is_running());
        let old: Vec<Container> = there.iter().filter(|container| !is_new(container)).cloned().collect();
        if old.is_empty() {
            return self.up(self.request.clone()).await;
        }
        // They serve nobody, and Compose would start them again.
        self.remove(&dead).await?;
        let kept: BTreeSet<&str> = old.iter().map(Container::id).collect();
        let scale = self.request.scale.saturating_add(u32::try_from(old.len()).unwrap_or(u32::MAX));
        self.up(Up { scale, recreate: Recreate::None, ..self.request.clone() }).await?;
        if let Err(error) = self.wait_until_well(&kept, start_period + WELL_WITHIN).await {
            let all = self.containers().await?;
            let new: Vec<Container> = all.into_iter().filter(|it| !kept.contains(it.id())).collect();
            self.remove(&new).await?;
            return Err(error);
        }
        self.end(&old, self.request.grace).await
    }

    /// Waits until every container that is not an old one is well.
    async fn wait_until_well(&self, old: &BTreeSet<&str>, limit: Duration) -> Result<(), PortError> {
        let started = Instant::now();
        loop {
            let all = self.containers().await?;
            let mut new = all.iter().filter(|container| !old.contains(container.id()));
            let waits = |container: &Container| {
                !container.instance().is_well() || (container.healthcheck().is_none() && started.elapsed() < STEADY)
            };
            let ended = |container: &&Container| matches!(container.instance().state, InstanceState::Exited { .. });
            if let Some(ended) = new.clone().find(ended) {
                return Err(self.not_well(&format!("`{}` ended", ended.name())));
            }
            let Some(waiting) = new.find(|container| waits(container)) else { return Ok(()) };
            if started.elapsed() > limit {
                return Err(self.not_well(&format!(
                    "`{}` did not get well within {} s",
                    waiting.name(),
                    limit.as_secs()
                )));
            }
            sleep(LOOK).await;
        }
    }

    fn not_well(&self, why: &str) -> PortError {
        PortError::new(format!("`{}` could not be switched: {why}; what ran before is still running", self.service))
    }

    async fn containers(&self) -> Result<Vec<Container>, PortError> {
        self.platform.look(std::slice::from_ref(self.service)).await
    }

    async fn end(&self, containers: &[Container], grace: Duration) -> Result<(), PortError> {
        end(&self.docker, containers, grace).await
    }

    async fn remove(&self, containers: &[Container]) -> Result<(), PortError> {
        end(&self.docker, containers, Duration::ZERO).await
    }

    /// What exists after a failure, for a person.
    async fn what_is_there(&self) -> String {
        let containers = match self.containers().await {
            Err(error) => return format!("what is there now is not known: {error}"),
            Ok(containers) if containers.is_empty() => return "it has no containers now".to_owned(),
            Ok(containers) => containers,
        };
        let words = |container: &Container| {
            let state = if container.is_running() { "runs" } else { "does not run" };
            format!("`{}` ({}) {state}", container.name(), container.words())
        };
        format!("now {}", containers.iter().map(words).collect::<Vec<_>>().join(", "))
    }
}

/// Stops and removes the containers of a service. Their volumes stay.
pub(in crate::compose) async fn stop(
    platform: &ComposePlatform,
    service: &ServiceName,
    grace: Duration,
) -> Result<(), PortError> {
    let containers = platform.look(std::slice::from_ref(service)).await?;
    end(&platform.engine.docker().await?, &containers, grace).await
}

/// Stops containers and removes them, one after the other. What is gone already is no error.
///
/// Not all at once: Engine 20.10 can lock itself up for good where several containers of one network end at the same moment
/// (seen: `endpoint.sbLeave` and `controller.watchLoop` wait for each other's locks in libnetwork), and a service that is
/// drained by one container at a time keeps more of its capacity.
async fn end(docker: &Docker, containers: &[Container], grace: Duration) -> Result<(), PortError> {
    let seconds = argv::whole_seconds(grace);
    let patient = docker.clone().with_timeout(docker.timeout() + grace);
    let stop = StopContainerOptionsBuilder::default().t(i32::try_from(seconds).unwrap_or(i32::MAX)).build();
    let remove = RemoveContainerOptionsBuilder::default().force(true).build();
    for container in containers {
        let refused = |error: Error| failed(&format!("`{}` could not be stopped", container.name()), &error);
        let stopped = patient.stop_container(container.id(), Some(stop.clone())).await;
        unless_missing(stopped).map_err(refused)?;
        let removed = patient.remove_container(container.id(), Some(remove.clone())).await;
        unless_missing(removed).map_err(refused)?;
    }
    Ok(())
}

fn unless_missing(outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Err(error) if !is_missing(&error) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
