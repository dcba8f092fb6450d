//! Recording what runs, and pinning it.

use std::collections::{BTreeMap, BTreeSet};

use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, BlobRef, ComposeArtifact, Detail, Version};
use backout_core::port::{Blobs, Captured, PortError};
use bollard::Docker;
use bollard::models::ImageInspect;
use bollard::query_parameters::ListNetworksOptions;
use futures_util::future::{join, try_join_all};

use super::container::{Container, label};
use super::document::{Kept, Resolved, captured, resolve};
use super::engine::{failed, is_missing};
use super::image;
use super::platform::ComposePlatform;

/// Records what runs of some services.
pub(super) async fn capture(
    platform: &ComposePlatform,
    services: &[ServiceName],
    checkpoint: &CheckpointId,
    blobs: &dyn Blobs,
) -> Result<Captured, PortError> {
    let (docker, project) = (platform.engine.docker().await?, platform.project().await?);
    let (look, resolved) = join(platform.look(services), resolve(&platform.options, project)).await;
    let (containers, resolved) = (look?, resolved?);
    let images = images(&docker, &containers).await?;
    let kept = kept(&containers, &images);
    let blob = blobs.put(&document(&docker, &resolved, &kept).await?).await?;

    let mut outcome = Captured::default();
    let mut pins = Vec::new();
    for service in services {
        let name = platform.options.compose_name(service);
        let Some(kept) = kept.iter().find(|kept| kept.container.service() == name) else {
            outcome.absent.push(service.clone());
            continue;
        };
        let own: Vec<&Container> = containers.iter().filter(|container| container.service() == name).collect();
        let tag = image::tag(project, name, checkpoint);
        outcome.artifacts.push(Artifact {
            service: service.clone(),
            version: kept.version.clone(),
            label: words(kept, &own, &resolved),
            replicas: u32::try_from(own.len()).unwrap_or(u32::MAX),
            files: Vec::new(),
            detail: Detail::Compose(detail(kept, &own, blob.clone(), tag.clone())),
        });
        pins.push((kept, tag));
    }
    try_join_all(pins.iter().map(|(kept, tag)| pinned(&docker, kept, tag, checkpoint))).await?;
    Ok(outcome)
}

/// The document to keep.
async fn document(docker: &Docker, resolved: &Resolved, kept: &[Kept<'_>]) -> Result<Vec<u8>, PortError> {
    let networks = docker.list_networks(None::<ListNetworksOptions>).await;
    let networks = networks.map_err(|error| failed("the networks could not be listed", &error))?;
    let document = serde_json::to_vec(&captured(resolved, kept, &networks));
    document.map_err(|error| PortError::new(format!("the project could not be written down: {error}")))
}

/// What stands for each service: its most common version, of the running containers where any run, and a container of it.
fn kept<'a>(containers: &'a [Container], images: &'a BTreeMap<String, ImageInspect>) -> Vec<Kept<'a>> {
    let services: BTreeSet<&str> = containers.iter().map(Container::service).collect();
    let representative = |service: &str| {
        let own: Vec<&Container> = containers.iter().filter(|container| container.service() == service).collect();
        let running: Vec<&Container> = own.iter().copied().filter(|container| container.is_running()).collect();
        let candidates = if running.is_empty() { own } else { running };
        let count = |version: Version| candidates.iter().filter(|other| other.version() == version).count();
        candidates.iter().copied().max_by_key(|it| (count(it.version()), it.inspected().created.clone()))
    };
    let kept = |container: &'a Container| Kept {
        container,
        version: container.version(),
        image: images.get(container.image_id()),
    };
    services.into_iter().filter_map(representative).map(kept).collect()
}

fn detail(kept: &Kept<'_>, own: &[&Container], project: BlobRef, pin: String) -> ComposeArtifact {
    let container = kept.container;
    ComposeArtifact {
        image: container.image_name().to_owned(),
        repo_digests: kept.image.and_then(|image| image.repo_digests.clone()).unwrap_or_default(),
        pin,
        project,
        can_start_first: can_start_first(container, own.len()),
        stop_grace_ms: container.stop_grace_ms(),
        start_period_ms: container.start_period_ms(),
    }
}

/// The version in words, and what is unusual about it.
fn words(kept: &Kept<'_>, own: &[&Container], resolved: &Resolved) -> String {
    let mut words = kept.container.words();
    if own.iter().any(|container| container.version() != kept.version) {
        words.push_str(", of several versions that run");
    }
    if kept.has_drifted(resolved) {
        words.push_str(", set up otherwise than today's Compose files say");
    }
    words
}

/// Whether a second container can run beside the first. Published ports, fixed names and addresses, and a network that
/// is shared with the host or another container forbid it; so does a writable mount, unless several containers share
/// it already: two database servers on one data folder destroy it.
fn can_start_first(container: &Container, replicas: usize) -> bool {
    let Some(host) = container.host_config() else { return false };
    let is_fixed = |port: &Option<String>| port.as_deref().is_some_and(|port| !port.is_empty() && port != "0");
    let bindings = host.port_bindings.iter().flatten().flat_map(|(_, hosts)| hosts.iter().flatten());
    let publishes = bindings.into_iter().any(|binding| is_fixed(&binding.host_port));
    let mode = host.network_mode.as_deref().unwrap_or_default();
    let shares_network = mode == "host" || mode.starts_with("container:");
    let mounts = container.inspected().mounts.iter().flatten();
    let writes = mounts.filter(|mount| mount.typ.as_deref() != Some("tmpfs")).any(|mount| mount.rw != Some(false));
    let may_write = !writes || replicas > 1;
    !publishes && !shares_network && may_write && has_generated_name(container) && !has_fixed_address(container)
}

/// `PROJECT-SERVICE-NUMBER`, with underscores in version 1.
fn has_generated_name(container: &Container) -> bool {
    let project = container.label(label::PROJECT).unwrap_or_default();
    let rest = container.name().strip_prefix(project).and_then(|rest| rest.strip_prefix(['-', '_']));
    let rest = rest.and_then(|rest| rest.strip_prefix(container.service())?.strip_prefix(['-', '_']));
    rest.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn has_fixed_address(container: &Container) -> bool {
    let networks = container.inspected().network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
    let given = |address: &Option<String>| address.as_deref().is_some_and(|address| !address.is_empty());
    let configs = networks.into_iter().flatten().filter_map(|(_, endpoint)| endpoint.ipam_config.as_ref());
    configs.into_iter().any(|config| given(&config.ipv4_address) || given(&config.ipv6_address))
}

/// The images of some containers, by id; those that the engine no longer has are left out.
async fn images(docker: &Docker, containers: &[Container]) -> Result<BTreeMap<String, ImageInspect>, PortError> {
    let ids: BTreeSet<&str> = containers.iter().map(Container::image_id).collect();
    let inspected = try_join_all(ids.into_iter().map(|id| async move {
        match docker.inspect_image(id).await {
            Ok(image) => Ok(Some((id.to_owned(), image))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed(&format!("image {id} could not be inspected"), &error)),
        }
    }));
    Ok(inspected.await?.into_iter().flatten().collect())
}

async fn pinned(docker: &Docker, kept: &Kept<'_>, tag: &str, checkpoint: &CheckpointId) -> Result<(), PortError> {
    let Some(image) = kept.image else {
        let (name, id) = (kept.container.name(), kept.container.image_id());
        return Err(PortError::new(format!("`{name}` runs image {id}, which the engine no longer has"))
            .hint("it cannot be started again: deploy a version that can before you rely on going back"));
    };
    image::pin(docker, image, tag, checkpoint).await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn can(name: &str, replicas: usize, change: impl FnOnce(&mut Value)) -> bool {
        let mut inspected = json!({
            "Name": format!("/{name}"),
            "Config": {"Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "app"}},
            "HostConfig": {"NetworkMode": "shop_default", "PortBindings": {}},
            "Mounts": [{"Type": "bind", "Source": "/srv/conf", "Destination": "/conf", "RW": false}],
        });
        change(&mut inspected);
        can_start_first(&Container::new(serde_json::from_value(inspected).unwrap()), replicas)
    }

    #[test]
    fn a_second_container_may_run_beside_the_first() {
        assert!(can("shop-app-1", 1, |_| {}));
        assert!(can("shop_app_12", 1, |_| {}), "version 1 writes underscores");
    }

    #[test]
    fn a_published_port_forbids_it_unless_the_engine_chooses_it() {
        let publish = |port: &str| json!({"8080/tcp": [{"HostIp": "", "HostPort": port}]});
        assert!(!can("shop-app-1", 1, |it| it["HostConfig"]["PortBindings"] = publish("80")));
        assert!(can("shop-app-1", 1, |it| it["HostConfig"]["PortBindings"] = publish("")));
    }

    #[test]
    fn a_fixed_name_or_address_or_somebody_elses_network_forbids_it() {
        assert!(!can("app", 1, |_| {}));
        assert!(!can("shop-app-1", 1, |it| it["HostConfig"]["NetworkMode"] = json!("host")));
        let address = json!({"Networks": {"shop_default": {"IPAMConfig": {"IPv4Address": "10.0.0.9"}}}});
        assert!(!can("shop-app-1", 1, |it| it["NetworkSettings"] = address));
    }

    #[test]
    fn a_writable_mount_forbids_it_unless_it_is_shared_already() {
        let writable = |it: &mut Value| it["Mounts"][0]["RW"] = json!(true);
        assert!(!can("shop-app-1", 1, writable));
        assert!(can("shop-app-1", 2, writable));
    }
}
