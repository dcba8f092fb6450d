//! Pins: what keeps an image from being taken away while a checkpoint needs it.
//!
//! Two things hold an image. Our own *tag* keeps it from `docker image prune` and names it for people. That is not enough:
//! `docker image prune --all` takes every image without a container, tagged or not (seen on Engine 20.10, which untags ours
//! on the way). So a *holder*, a container that is made and never started, refers to it as well. `docker container prune`
//! takes holders, and then the tag is what is left; what is gone nevertheless is fetched by digest, or the preflight says
//! so before anything stops.

use std::collections::{BTreeSet, HashMap};

use backout_core::id::{CheckpointId, Digest};
use backout_core::inventory::Artifact;
use backout_core::port::PortError;
use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig, ImageInspect};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder,
};

use crate::compose::container::label;
use crate::compose::engine::{failed, is_conflict, is_missing};
use crate::compose::platform::{ComposePlatform, detail};

/// The registry that our tags pretend to come from; `.local` is never resolved by a public name server.
const REGISTRY: &str = "backout.local";

/// Our own tag for the image of one service in one checkpoint.
pub(in crate::compose) fn tag(project: &str, service: &str, checkpoint: &CheckpointId) -> String {
    format!("{REGISTRY}/{}/{}:{checkpoint}", component(project), component(service))
}

/// A name as a part of an image's name: lower case, single dashes. A name that had to be changed carries a digest, so that
/// `a_b` and `a-b` stay apart.
fn component(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let plain = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    if plain == name { plain } else { format!("{plain}-{}", Digest::of(name.as_bytes()).short()) }
}

/// The name of the container that holds an image for a checkpoint.
fn holder(checkpoint: &CheckpointId, image_id: &str) -> String {
    let hex = image_id.trim_start_matches("sha256:");
    format!("backout-holds-{checkpoint}-{}", hex.get(..12).unwrap_or(hex))
}

/// Pins an image for a checkpoint. It may be pinned already.
pub(in crate::compose) async fn pin(
    docker: &Docker,
    image: &ImageInspect,
    tag: &str,
    checkpoint: &CheckpointId,
) -> Result<(), PortError> {
    let id = image.id.as_deref().unwrap_or_default();
    let (repo, name) = tag.rsplit_once(':').unwrap_or((tag, "latest"));
    let options = TagImageOptionsBuilder::default().repo(repo).tag(name).build();
    let tagged = docker.tag_image(id, Some(options)).await;
    tagged.map_err(|error| failed(&format!("image {id} could not be pinned as `{tag}`"), &error))?;
    hold(docker, image, checkpoint).await
}

async fn hold(docker: &Docker, image: &ImageInspect, checkpoint: &CheckpointId) -> Result<(), PortError> {
    let id = image.id.as_deref().unwrap_or_default();
    let name = holder(checkpoint, id);
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    match docker.create_container(Some(options), holder_body(image, checkpoint)).await {
        Ok(_) => Ok(()),
        Err(error) if is_conflict(&error) => Ok(()),
        Err(error) => Err(failed(&format!("a container that holds image {id} could not be made"), &error)),
    }
}

/// A container that never runs. It gets no volumes: those that the image asks for would be made, and stay, with it.
fn holder_body(image: &ImageInspect, checkpoint: &CheckpointId) -> ContainerCreateBody {
    let volumes = image.config.as_ref().and_then(|config| config.volumes.clone()).unwrap_or_default();
    let in_memory: HashMap<String, String> = volumes.into_iter().map(|path| (path, String::new())).collect();
    let host = HostConfig { network_mode: Some("none".to_owned()), tmpfs: Some(in_memory), ..HostConfig::default() };
    ContainerCreateBody {
        image: image.id.clone(),
        cmd: Some(vec!["never-started".to_owned()]),
        labels: Some(HashMap::from([(label::HOLDS_FOR.to_owned(), checkpoint.to_string())])),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    }
}

/// Lets go of a checkpoint's images: removes its holders and its tags. An image that nothing else names or uses goes with
/// its last tag; one that a container uses keeps the tag, because the engine does not take its last name away.
pub(in crate::compose) async fn release(
    platform: &ComposePlatform,
    checkpoint: &CheckpointId,
    artifacts: &[Artifact],
) -> Result<(), PortError> {
    let docker = platform.engine.docker().await?;
    let holders: BTreeSet<String> = artifacts.iter().map(|it| holder(checkpoint, &it.version.code)).collect();
    for holder in holders {
        let options = RemoveContainerOptionsBuilder::default().v(true).build();
        match docker.remove_container(&holder, Some(options)).await {
            Err(error) if !is_missing(&error) => {
                return Err(failed(&format!("`{holder}` could not be removed"), &error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    for artifact in artifacts {
        let pin = &detail(artifact)?.pin;
        match docker.remove_image(pin, None::<RemoveImageOptions>, None).await {
            Err(error) if !is_missing(&error) && !is_conflict(&error) => {
                return Err(failed(&format!("the tag `{pin}` could not be removed"), &error));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> CheckpointId {
        CheckpointId::new("cp-20261121-031502-9f3a2c").unwrap()
    }

    #[test]
    fn a_tag_names_project_service_and_checkpoint() {
        assert_eq!(tag("shop", "app", &checkpoint()), "backout.local/shop/app:cp-20261121-031502-9f3a2c");
    }

    #[test]
    fn names_that_differ_only_in_what_a_tag_cannot_say_stay_apart() {
        let tags: BTreeSet<String> =
            ["a-b", "a_b", "A.b", "-a_-b-"].iter().map(|name| tag("p", name, &checkpoint())).collect();
        assert_eq!(tags.len(), 4, "{tags:?}");
        assert!(tags.iter().all(|tag| !tag.contains('_') && *tag == tag.to_ascii_lowercase()), "{tags:?}");
    }

    #[test]
    fn a_holder_is_told_apart_by_checkpoint_and_image() {
        assert_eq!(
            holder(&checkpoint(), "sha256:f9f5dfe6674b55875a9d"),
            "backout-holds-cp-20261121-031502-9f3a2c-f9f5dfe6674b"
        );
    }
}
