//! Recording what runs of a release.

use backout_core::id::ServiceName;
use backout_core::inventory::{Artifact, Detail, HelmArtifact, Seen};
use backout_core::port::{Blobs, Captured, PortError};

use super::observe::Look;
use super::platform::HelmPlatform;

/// Records the newest revision of each release: its record, so that it can come back when Helm has forgotten it, and the
/// images that its pods ran.
pub(super) async fn capture(
    platform: &HelmPlatform,
    services: &[ServiceName],
    blobs: &dyn Blobs,
) -> Result<Captured, PortError> {
    let mut captured = Captured::default();
    for service in services {
        match of_service(platform, service, blobs).await? {
            Some(artifact) => captured.artifacts.push(artifact),
            None => captured.absent.push(service.clone()),
        }
    }
    Ok(captured)
}

async fn of_service(
    platform: &HelmPlatform,
    service: &ServiceName,
    blobs: &dyn Blobs,
) -> Result<Option<Artifact>, PortError> {
    let release = platform.release(service)?;
    let Some(known) = release.newest().await? else { return Ok(None) };
    let objects = release.objects(&known.manifest).await?;
    let namespace = release.cluster.namespace().await?;
    let look = Look::new(&known, &objects, namespace, release.now());
    let Seen::Present(running) = look.seen() else { return Ok(None) };
    let record = &known.record;
    let is_mixed = running.instances.iter().any(|instance| instance.version != look.version());
    let said_ms = release.ready_within().map_or(0, |within| u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
    let detail = HelmArtifact {
        release: release.name().to_owned(),
        namespace: namespace.to_owned(),
        revision: record.revision(),
        chart: record.chart(),
        record: blobs.put(&content(record)?).await?,
        images: look.images(),
        stop_grace_ms: known.manifest.stop_grace_ms(),
        rollout_ms: known.manifest.rollout_ms().max(said_ms),
    };
    Ok(Some(Artifact {
        service: service.clone(),
        version: look.version(),
        label: if is_mixed { format!("{}, beside older pods", running.label) } else { running.label },
        replicas: running.wanted,
        files: Vec::new(),
        detail: Detail::Helm(detail),
    }))
}

/// The Secret of a record as it is kept: without what ties it to the object that it was read from.
fn content(record: &super::record::Record) -> Result<Vec<u8>, PortError> {
    let mut secret = record.secret()?;
    secret.metadata.resource_version = None;
    serde_json::to_vec(&secret).map_err(|error| PortError::new(format!("Helm's record could not be kept: {error}")))
}
