//! Whether a captured image can run here; it is fetched by digest where it cannot.

use backout_core::id::CheckpointId;
use backout_core::inventory::Artifact;
use backout_core::port::{Kept, PortError, Preflight};
use bollard::Docker;
use bollard::models::ImageInspect;

use super::pin;
use crate::compose::argv;
use crate::compose::engine::{failed, is_missing};
use crate::compose::platform::{ComposePlatform, detail};

/// Looks for the image by its id, then fetches it from where it came from.
pub(in crate::compose) async fn preflight(platform: &ComposePlatform, artifact: &Artifact) -> Preflight {
    match look_or_fetch(platform, artifact).await {
        Ok(preflight) => preflight,
        Err(error) => Preflight::Unknown { why: error.to_string() },
    }
}

async fn look_or_fetch(platform: &ComposePlatform, artifact: &Artifact) -> Result<Preflight, PortError> {
    let detail = detail(artifact)?;
    let docker = platform.engine.docker().await?;
    let id = artifact.version.code.as_str();
    if inspect(&docker, id).await?.is_some() {
        return Ok(Preflight::Present);
    }
    let mut tried = vec![format!("image {id} is not on the engine, under its pin `{}` or any other name", detail.pin)];
    for source in &detail.repo_digests {
        if let Err(error) = argv::pull(&platform.options.docker, source).run().await {
            tried.push(format!("`{source}` could not be pulled: {}", last_line(error.stderr(), &error.to_string())));
            continue;
        }
        match inspect(&docker, id).await? {
            Some(image) => {
                pin_again(&docker, &image, &detail.pin).await?;
                return Ok(Preflight::Fetched { from: source.clone() });
            }
            None => tried.push(format!("`{source}` was pulled and is another image")),
        }
    }
    if detail.repo_digests.is_empty() {
        tried.push(format!(
            "it was never pulled from or pushed to a registry (the project calls it `{}`)",
            detail.image
        ));
    }
    Ok(Preflight::Gone { why: tried.join("; ") })
}

/// Looks for the image by its id, and asks where it came from whether it is there still. Fetches nothing.
pub(in crate::compose) async fn kept(platform: &ComposePlatform, artifact: &Artifact) -> Kept {
    match look(platform, artifact).await {
        Ok(kept) => kept,
        Err(error) => Kept::Unknown { why: error.to_string() },
    }
}

async fn look(platform: &ComposePlatform, artifact: &Artifact) -> Result<Kept, PortError> {
    let detail = detail(artifact)?;
    let id = artifact.version.code.as_str();
    if inspect(&platform.engine.docker().await?, id).await?.is_some() {
        return Ok(Kept::Here);
    }
    for source in &detail.repo_digests {
        if argv::manifest(&platform.options.docker, source).run().await.is_ok() {
            return Ok(Kept::Elsewhere { from: source.clone() });
        }
    }
    let tried = match detail.repo_digests.is_empty() {
        true => "it was never in a registry".to_owned(),
        false => format!("{} does not have it", detail.repo_digests.join(", ")),
    };
    Ok(Kept::Gone { why: format!("image {id} (`{}`) is not on the engine, and {tried}", detail.image) })
}

async fn inspect(docker: &Docker, id: &str) -> Result<Option<ImageInspect>, PortError> {
    match docker.inspect_image(id).await {
        Ok(image) => Ok(Some(image)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed(&format!("image {id} could not be inspected"), &error)),
    }
}

/// What has just been fetched has no name, and the next prune would take it.
async fn pin_again(docker: &Docker, image: &ImageInspect, tag: &str) -> Result<(), PortError> {
    match tag.rsplit_once(':').and_then(|(_, checkpoint)| CheckpointId::new(checkpoint).ok()) {
        Some(checkpoint) => pin::pin(docker, image, tag, &checkpoint).await,
        None => Ok(()),
    }
}

fn last_line<'a>(stderr: &'a str, otherwise: &'a str) -> &'a str {
    stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(otherwise)
}
