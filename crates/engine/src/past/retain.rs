//! Letting go of old checkpoints: their images are unpinned; their records stay.

use backout_core::id::CheckpointId;
use backout_core::inventory::{Artifact, Checkpoint, to_release};
use backout_core::journal::Body;
use backout_core::port::{Lease, PortError};

use super::checkpoints;
use crate::error::EngineError;
use crate::world::World;

/// Releases every checkpoint beyond the newest `keep` good ones and as many others. Answers with what was released.
///
/// # Errors
/// Where the journal does not answer, or a platform does not let go; what was released until then is recorded.
pub async fn prune(world: &World, lease: &Lease, keep: u32) -> Result<Vec<CheckpointId>, EngineError> {
    let records = world.store.records(&world.environment.name, &[]).await?;
    let all = checkpoints(&records);
    let mut released = Vec::new();
    for checkpoint in to_release(&all, keep) {
        release(world, lease, checkpoint).await?;
        released.push(checkpoint.id.clone());
    }
    Ok(released)
}

async fn release(world: &World, lease: &Lease, checkpoint: &Checkpoint) -> Result<(), EngineError> {
    // Recorded first: a checkpoint that may have lost its images must not be chosen as a target.
    let body = Body::CheckpointReleased { checkpoint: checkpoint.id.clone() };
    world.record(lease, None, &body).await?;
    unpin(world, checkpoint).await?;
    Ok(())
}

/// Lets every platform take away what it pinned for a checkpoint.
///
/// # Errors
/// Where a platform does not let go.
pub(crate) async fn unpin(world: &World, checkpoint: &Checkpoint) -> Result<(), PortError> {
    for hosted in &world.platforms {
        let artifacts: Vec<Artifact> =
            hosted.services.iter().filter_map(|service| checkpoint.artifacts.get(service)).cloned().collect();
        hosted.platform.release(&checkpoint.id, &artifacts).await?;
    }
    Ok(())
}
