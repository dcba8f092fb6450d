//! Breaking a service on purpose, for a drill: by the captured project, altered.
//!
//! Contract: what is broken is a new version of the service (or its containers stand still), so that bringing up the captured
//! project as it is mends it. Volumes stay: containers are replaced by Compose, which hands their volumes on, or stopped.

use std::time::Duration;

use backout_core::inventory::Artifact;
use backout_core::port::{Blobs, Breakage, PortError};
use bollard::query_parameters::StopContainerOptionsBuilder;

use crate::compose::argv::{self, Recreate, Up};
use crate::compose::document::{broken, secrets};
use crate::compose::engine::failed;
use crate::compose::platform::{ComposePlatform, detail};

/// How long what is broken gets to stop. It is about to be broken anyway.
const GRACE: Duration = Duration::from_secs(1);

/// Breaks a service. That Compose could not bring up what cannot run is no failure.
pub(in crate::compose) async fn break_on_purpose(
    platform: &ComposePlatform,
    artifact: &Artifact,
    breakage: &Breakage,
    blobs: &dyn Blobs,
) -> Result<String, PortError> {
    let captured = blobs.get(&detail(artifact)?.project).await?;
    let service = platform.options.compose_name(&artifact.service);
    let document = broken(&captured, service, breakage)?;
    if *breakage == Breakage::Image {
        // Compose looks for the image before it stops anything.
        halt(platform, artifact).await?;
    }
    let request = Up {
        project: platform.project().await?,
        service,
        scale: artifact.replicas,
        grace: GRACE,
        recreate: Recreate::All,
    };
    let command = argv::up(&platform.options, &request, document).secrets(secrets(&captured));
    let name = &artifact.service;
    Ok(match (command.run().await, breakage) {
        (Ok(_), _) => format!("`{name}` was brought up broken"),
        (Err(_), Breakage::Image) => format!("`{name}` is stopped, and the image that it should run does not exist"),
        (Err(error), _) => format!("`{name}` was brought up broken, and Compose says: {error}"),
    })
}

/// Stops the containers of a service, and leaves them there.
async fn halt(platform: &ComposePlatform, artifact: &Artifact) -> Result<(), PortError> {
    let docker = platform.engine.docker().await?;
    let seconds = i32::try_from(argv::whole_seconds(GRACE)).unwrap_or(i32::MAX);
    let stop = StopContainerOptionsBuilder::default().t(seconds).build();
    for container in platform.look(std::slice::from_ref(&artifact.service)).await? {
        let stopped = docker.stop_container(container.id(), Some(stop.clone())).await;
        stopped.map_err(|error| failed(&format!("`{}` could not be stopped", container.name()), &error))?;
    }
    Ok(())
}
