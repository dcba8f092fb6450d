//! What a deploy added and going back does not name: found, and taken away where a person wants that.
//!
//! Architecture invariant: nothing is removed before how it was made is kept, and the journal names it.

use backout_core::id::RunId;
use backout_core::inventory::{Artifact, Checkpoint};
use backout_core::journal::{ActStage, Body, StrayRemoval};
use backout_core::port::{Lease, PortError, Stray};

use crate::error::EngineError;
use crate::world::World;

/// What runs beside the services and was not there at a checkpoint, of all platforms.
///
/// # Errors
/// Where a platform cannot say.
pub async fn strays(world: &World, target: &Checkpoint) -> Result<Vec<Stray>, PortError> {
    let mut all = Vec::new();
    for hosted in &world.platforms {
        let of_it = |artifact: &&Artifact| hosted.services.contains(&artifact.service);
        let artifacts: Vec<Artifact> = target.artifacts.values().filter(of_it).cloned().collect();
        let found = hosted.platform.strays(&artifacts, target.taken_at, world.blobs.as_ref()).await?;
        // Two of the environment's platforms may look at one project.
        let is_new = |stray: &Stray| !all.iter().any(|known: &Stray| known.id == stray.id);
        let new: Vec<Stray> = found.into_iter().filter(is_new).collect();
        all.extend(new);
    }
    Ok(all)
}

/// Removes what was found after a run, one after the other; answers with what could not be, in sentences.
///
/// # Errors
/// Where the journal or the store of contents does not take something: nothing more is removed then.
pub async fn remove_strays(
    world: &World,
    lease: &Lease,
    (about, by): (&RunId, &str),
    strays: &[Stray],
) -> Result<Vec<String>, EngineError> {
    let mut failures = Vec::new();
    for stray in strays {
        let removal = StrayRemoval {
            name: stray.name.clone(),
            service: stray.service.clone(),
            image: stray.image.clone(),
            definition: world.blobs.put(&stray.definition).await?,
            about: about.clone(),
            by: by.to_owned(),
            stage: ActStage::Intended,
        };
        let body = |stage| Body::StrayRemoved { removal: Box::new(StrayRemoval { stage, ..removal.clone() }) };
        world.record(lease, None, &body(ActStage::Intended)).await?;
        let stage = match removed(world, stray).await {
            Ok(()) => ActStage::Done { seen: "it is gone; its volumes stay".to_owned() },
            Err(error) => {
                failures.push(error.what.clone());
                ActStage::Failed { why: error.what }
            }
        };
        world.record(lease, None, &body(stage)).await?;
    }
    Ok(failures)
}

/// Each platform is asked: only the one whose it is finds it.
async fn removed(world: &World, stray: &Stray) -> Result<(), PortError> {
    for hosted in &world.platforms {
        hosted.platform.remove_stray(stray).await?;
    }
    Ok(())
}
