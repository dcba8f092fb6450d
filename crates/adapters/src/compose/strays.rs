//! Containers of the project that belong to no service any more: what a deploy added, and going back does not name.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::inventory::{Artifact, BlobRef, Detail};
use backout_core::port::{Blobs, PortError, Stray};
use bollard::query_parameters::{RemoveContainerOptionsBuilder, StopContainerOptionsBuilder};
use jiff::Timestamp;
use serde_json::Value;

use super::argv;
use super::container::Container;
use super::engine::{failed, is_missing};
use super::observe;
use super::platform::ComposePlatform;

/// The containers of the project that were made after a checkpoint was taken, and whose services neither its Compose files nor
/// the configuration name. Without the project as the checkpoint has it nobody can say, so there are none.
///
/// | a container                                                   | is left over |
/// |---------------------------------------------------------------|--------------|
/// | of a service of the configuration                             | no: the plan says what becomes of it |
/// | of a service that the Compose files of the checkpoint name    | no           |
/// | that was there when the checkpoint was taken                  | no           |
/// | of `docker compose run`                                       | no           |
/// | any other                                                     | yes          |
///
/// # Errors
/// Where the engine does not answer, or what was recorded cannot be read.
pub(super) async fn strays(
    platform: &ComposePlatform,
    artifacts: &[Artifact],
    since: Timestamp,
    blobs: &dyn Blobs,
) -> Result<Vec<Stray>, PortError> {
    let mut named: BTreeSet<String> = platform.options.services.values().cloned().collect();
    let mut is_known = false;
    let mut documents: Vec<&BlobRef> = Vec::new();
    for artifact in artifacts {
        let Detail::Compose(detail) = &artifact.detail else { continue };
        if !documents.contains(&&detail.project) {
            documents.push(&detail.project);
        }
    }
    for document in documents {
        let document: Option<Value> = serde_json::from_slice(&blobs.get(document).await?).ok();
        let services = document.as_ref().and_then(|document| document.get("services")?.as_object());
        is_known |= services.is_some();
        named.extend(services.into_iter().flatten().map(|(name, _)| name.clone()));
    }
    if !is_known {
        return Ok(Vec::new());
    }
    let all = observe::of_project(&platform.engine.docker().await?, platform.project().await?).await?;
    let is_stray = |container: &&Container| {
        !named.contains(container.service()) && container.created_at().is_some_and(|created| created > since)
    };
    Ok(all.iter().filter(is_stray).map(stray).collect())
}

fn stray(container: &Container) -> Stray {
    let mounts = container.inspected().mounts.iter().flatten();
    Stray {
        id: container.id().to_owned(),
        name: container.name().to_owned(),
        service: container.service().to_owned(),
        image: container.words(),
        volumes: mounts.filter_map(|mount| mount.name.clone()).collect(),
        definition: serde_json::to_vec_pretty(container.inspected()).unwrap_or_default(),
    }
}

/// Stops and removes one. Its volumes stay, those without a name as well.
///
/// # Errors
/// Where the engine does not do it. What is gone already is no error.
pub(super) async fn remove(platform: &ComposePlatform, stray: &Stray) -> Result<(), PortError> {
    let docker = platform.engine.docker().await?;
    let all = observe::of_project(&docker, platform.project().await?).await?;
    let Some(container) = all.iter().find(|container| container.id() == stray.id) else { return Ok(()) };
    let refused = |error: &_| failed(&format!("`{}` could not be removed", stray.name), error);
    let grace = Duration::from_millis(container.stop_grace_ms());
    let seconds = i32::try_from(argv::whole_seconds(grace)).unwrap_or(i32::MAX);
    let stop = StopContainerOptionsBuilder::default().t(seconds).build();
    let patient = docker.clone().with_timeout(docker.timeout() + grace);
    match patient.stop_container(&stray.id, Some(stop)).await {
        Err(error) if !is_missing(&error) => return Err(refused(&error)),
        Ok(()) | Err(_) => {}
    }
    let remove = RemoveContainerOptionsBuilder::default().v(false).force(true).build();
    match patient.remove_container(&stray.id, Some(remove)).await {
        Err(error) if !is_missing(&error) => Err(refused(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
