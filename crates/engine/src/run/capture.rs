//! Taking a checkpoint: artifacts from every platform, configuration files from the host, contents into the blob folder.
//!
//! Architecture invariant: when this returns, everything that the checkpoint names is durable: blobs are written, images
//! pinned. Only then is the checkpoint recorded.

use std::collections::BTreeMap;

use backout_core::id::{CheckpointId, RunId, ServiceName};
use backout_core::inventory::{Checkpoint, FileRef, FileState, Grade};
use backout_core::journal::Body;
use backout_core::port::{Captured, Lease, PortError};

use crate::error::EngineError;
use crate::world::{Hosted, OwnedFile, World};

/// How much may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// All of it, or none: what is recorded is a way back.
    Complete,
    /// As much as can be had: what is recorded went bad, and its platform may be in no state to say more.
    BestEffort,
}

/// Records the environment as it is.
///
/// # Errors
/// What could not be captured, with [`Care::Complete`]; with [`Care::BestEffort`] such services are left out, and the
/// reason says so. A file that cannot be read or kept is an error either way: it would be overwritten.
pub(crate) async fn capture(
    world: &World,
    run: Option<&RunId>,
    why: &str,
    care: Care,
) -> Result<Checkpoint, PortError> {
    let now = world.clock.now();
    let mut checkpoint = Checkpoint {
        id: CheckpointId::mint(now, (world.salt)()),
        environment: world.environment.name.clone(),
        taken_at: now,
        run: run.cloned(),
        why: why.to_owned(),
        artifacts: BTreeMap::new(),
        absent: Vec::new(),
    };
    for hosted in &world.platforms {
        let captured = match hosted.platform.capture(&hosted.services, &checkpoint.id, world.blobs.as_ref()).await {
            Ok(captured) => captured,
            Err(error) if care == Care::Complete => return Err(error),
            Err(_) => one_by_one(world, hosted, &mut checkpoint).await,
        };
        for mut artifact in captured.artifacts {
            artifact.files = capture_files(world, &artifact.service).await?;
            checkpoint.artifacts.insert(artifact.service.clone(), artifact);
        }
        checkpoint.absent.extend(captured.absent);
    }
    checkpoint.absent.sort();
    Ok(checkpoint)
}

/// Captures what can be captured; the reason of the checkpoint names the rest.
async fn one_by_one(world: &World, hosted: &Hosted, checkpoint: &mut Checkpoint) -> Captured {
    let mut all = Captured::default();
    for service in &hosted.services {
        let one = hosted.platform.capture(std::slice::from_ref(service), &checkpoint.id, world.blobs.as_ref()).await;
        match one {
            Ok(captured) => {
                all.artifacts.extend(captured.artifacts);
                all.absent.extend(captured.absent);
            }
            Err(error) => checkpoint.why = format!("{}; without `{service}`: {error}", checkpoint.why),
        }
    }
    all
}

/// The files of a service as they are, their contents kept.
async fn capture_files(world: &World, service: &ServiceName) -> Result<Vec<FileRef>, PortError> {
    let mut files = Vec::new();
    for OwnedFile { path, needs_restart } in world.files_of.get(service).into_iter().flatten() {
        let state = match world.files.read(path).await? {
            None => FileState::Absent,
            Some(content) => FileState::Present { content: world.blobs.put(&content.bytes).await?, mode: content.mode },
        };
        files.push(FileRef { path: path.clone(), state, needs_restart: *needs_restart });
    }
    Ok(files)
}

/// Records the environment as it is, outside of any run, and grades it.
///
/// # Errors
/// What could not be captured or recorded.
pub async fn record_checkpoint(
    world: &World,
    lease: &Lease,
    why: &str,
    grade: (Grade, String),
) -> Result<CheckpointId, EngineError> {
    let checkpoint = capture(world, None, why, Care::Complete).await?;
    let id = checkpoint.id.clone();
    let (grade, why) = grade;
    let bodies = [
        Body::CheckpointTaken { checkpoint: Box::new(checkpoint) },
        Body::Graded { checkpoint: id.clone(), grade, why },
    ];
    for body in &bodies {
        let record = world.store.append(lease, None, body).await?;
        world.watcher.recorded(&record);
    }
    Ok(id)
}
