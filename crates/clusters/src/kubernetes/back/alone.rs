//! Configuration that goes back alone: the template, and with it what is executed, stays as it is.
//!
//! Contract: a ConfigMap that was not there stays, and so does one that only the present template names: what runs may need
//! them. Secrets go back only where the configuration says so.

use backout_core::config::{KubernetesService, SecretsPolicy};
use backout_core::inventory::{Artifact, ConfigurationKind, Instance, Running};
use backout_core::port::{Blobs, PortError};
use kube::core::DynamicObject;
use serde_json::Value;

use super::arrive::arrive;
use super::desired::desired;
use super::switch::Switching;
use super::template::read_anew;
use super::write::{Act, write};
use crate::kubernetes::artifact::Opened;
use crate::kubernetes::capture::read;
use crate::kubernetes::configuration::{Content, Key, act};
use crate::kubernetes::platform::KubernetesPlatform;
use crate::kubernetes::version::{has_not_read, lasting};
use crate::kubernetes::view::resource;
use crate::pods::Family;

/// Puts configuration back, leaves the template but for the mark that makes pods read it, and waits until they have.
pub(super) async fn alone(switching: &Switching<'_>) -> Result<(), PortError> {
    switching.put_configuration_back(|key, kept| goes_alone(switching.service, key, kept)).await?;
    let view = switching.view().await?;
    let decide = |there: Option<&DynamicObject>| {
        let Some(there) = there else { return Act::Nothing };
        let family = view.family_of(there);
        let present = there.data.pointer("/spec/template").unwrap_or(&Value::Null);
        let put_back = switching.platform.versions(&view, switching.service).put_back(present);
        desired(switching.opened, &family, &read_anew(&family, put_back), true)
    };
    let kind = resource(switching.service.kind);
    let written = write(switching.platform, (kind, &switching.service.name), decide).await?;
    switching.seen(kind, written).await?;
    let has_read = |running: &Running| {
        let is_new = |instance: &Instance| lasting(&instance.version.spec) == instance.version.spec;
        running.instances.len() == running.wanted as usize && running.instances.iter().all(is_new)
    };
    arrive(switching.platform, &switching.opened.artifact.service, &has_read, &|view| switching.in_the_way(view)).await
}

/// What of the configuration of a workload is not as an artifact has it, and would go back alone; and pods that have not read
/// what was put back. A ConfigMap that was not there stays: what runs may need it.
pub(in crate::kubernetes) async fn unlike(
    platform: &KubernetesPlatform,
    artifact: &Artifact,
    blobs: &dyn Blobs,
) -> Result<Vec<String>, PortError> {
    let service = platform.workload(&artifact.service)?;
    let opened = Opened::open(artifact, blobs).await?;
    let view = platform.view(std::slice::from_ref(&artifact.service)).await?;
    let mut unlike = Vec::new();
    for (key, kept) in &opened.configuration {
        let there = read(platform, &view, key).await?;
        let done = act(key, kept.as_ref(), there.as_ref(), (service.secrets, platform.clock.now()));
        if goes_alone(service, key, kept.as_ref()) && done != Act::Nothing {
            unlike.push(format!("{:?} `{}`", key.0, key.1));
        }
    }
    let versions = platform.versions(&view, service);
    let family = view.family(service);
    let has_stale =
        |family: Family<'_>| family.members.iter().any(|member| has_not_read(&versions.of(&family, *member).spec));
    if family.is_some_and(has_stale) {
        unlike.push(format!("pods of `{}` that have not read what was put back", service.name));
    }
    Ok(unlike)
}

/// Whether a ConfigMap or Secret goes back where nothing else does.
fn goes_alone(service: &KubernetesService, (kind, _): &Key, kept: Option<&Content>) -> bool {
    let goes_back = *kind == ConfigurationKind::ConfigMap || service.secrets == SecretsPolicy::Restore;
    goes_back && kept.is_some()
}
