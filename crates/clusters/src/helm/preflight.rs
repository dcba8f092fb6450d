//! Whether a release can go back, and what a person should know before it does.

use backout_core::inventory::{Artifact, HelmArtifact};
use backout_core::port::{Blobs, PortError, Preflight};

use super::argv;
use super::observe::digest_of;
use super::platform::{HelmPlatform, detail, kept};
use super::record::{Record, difference, hook_words};
use super::repair;
use crate::applier::Applier;
use crate::cluster::unseen;

/// An artifact can run where `helm` is there and Helm still has a revision that renders the same, or the checkpoint has its
/// record and the API server would take it. Whether a registry still has the images is not asked: this has no credentials for it, and nodes may have them.
pub(super) async fn preflight(platform: &HelmPlatform, artifact: &Artifact, blobs: &dyn Blobs) -> Preflight {
    match found(platform, artifact, blobs).await {
        Ok(found) => found,
        Err(error) => Preflight::Unknown { why: error.to_string() },
    }
}

async fn found(platform: &HelmPlatform, artifact: &Artifact, blobs: &dyn Blobs) -> Result<Preflight, PortError> {
    let (release, detail) = (platform.release(&artifact.service)?, detail(artifact)?);
    if let Err(error) = argv::version(&release.service.program, &release.cluster.environment()).run().await {
        return Ok(Preflight::Gone { why: format!("`helm` cannot be run: {error}") });
    }
    let wanted = digest_of(&artifact.version.code);
    if release.history().await?.backwards().any(|record| record.digest().as_str() == wanted) {
        return Ok(Preflight::Present);
    }
    Ok(match kept(detail, blobs).await {
        Ok(record) if record.digest().as_str() == wanted => match repair::refusal(release, &record).await? {
            None => Preflight::Present,
            Some(refused) => Preflight::Gone { why: unseen(&refused) },
        },
        Ok(_) => gone(detail, "what the checkpoint has kept of it renders something else"),
        Err(error) => gone(detail, &error.what),
    })
}

fn gone(detail: &HelmArtifact, why: &str) -> Preflight {
    let HelmArtifact { release, revision, .. } = detail;
    Preflight::Gone { why: format!("Helm no longer has revision {revision} of release `{release}`, and {why}") }
}

/// How the revision that an artifact goes back to differs from the one in place, and what its hooks will do.
pub(super) async fn notes(platform: &HelmPlatform, artifact: &Artifact, blobs: &dyn Blobs) -> Vec<String> {
    let Ok((now, then)) = both(platform, artifact, blobs).await else { return Vec::new() };
    let mut notes = now.as_ref().map_or_else(Vec::new, |now| difference(now, &then));
    notes.extend(applied(platform, artifact).await.ok().flatten());
    let hooks = now.as_ref().map(Record::hooks);
    notes.extend(hook_words(hooks.as_deref(), &then.hooks()));
    if let Some((now, verb)) = now.as_ref().and_then(|now| Some((now, now.status().under_way()?))) {
        let revision = now.revision();
        notes.push(format!("`helm {verb}` of revision {revision} has not ended: it will be marked as failed first"));
    }
    notes
}

/// Who applies the release again and again, by what is written on its workloads.
async fn applied(platform: &HelmPlatform, artifact: &Artifact) -> Result<Option<String>, PortError> {
    let release = platform.release(&artifact.service)?;
    let Some(known) = release.newest().await? else { return Ok(None) };
    let objects = release.objects(&known.manifest).await?;
    let mut there = known.manifest.workloads.iter().filter_map(|it| objects.workload(it.kind, &it.name));
    let applier = there.find_map(|object| Applier::of(&object.metadata));
    Ok(applier.map(|applier| applier.warning(release.name())))
}

/// The newest record, and the one to go back to: Helm's own where it still has it, else the one that was kept.
async fn both(
    platform: &HelmPlatform,
    artifact: &Artifact,
    blobs: &dyn Blobs,
) -> Result<(Option<Record>, Record), PortError> {
    let (release, detail) = (platform.release(&artifact.service)?, detail(artifact)?);
    let history = release.history().await?;
    let wanted = digest_of(&artifact.version.code);
    let then = match history.backwards().find(|record| record.digest().as_str() == wanted) {
        Some(record) => record.clone(),
        None => kept(detail, blobs).await?,
    };
    Ok((history.newest().cloned(), then))
}
