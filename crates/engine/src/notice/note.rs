//! Writing down what was told, beside all that goes on.

use std::time::Duration;

use backout_core::journal::Body;
use backout_core::port::StoreError;

use crate::error::EngineError;
use crate::world::World;

/// How long the environment is held for it at most.
const HELD_FOR: Duration = Duration::from_secs(5);

/// Appends records that belong to no run. Nothing is written, and `false` is the answer, where somebody holds the environment.
///
/// # Errors
/// Where the journal does not take them.
pub async fn note(world: &World, holder: &str, bodies: &[Body]) -> Result<bool, EngineError> {
    let lease = match world.store.acquire(&world.environment.name, holder, HELD_FOR).await {
        Ok(lease) => lease,
        Err(StoreError::Held { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let appended = async {
        for body in bodies {
            let record = world.store.append(&lease, None, body).await?;
            world.watcher.recorded(&record);
        }
        Ok::<_, StoreError>(())
    };
    let appended = appended.await;
    // A lease that cannot be given back ends by expiring.
    drop(world.store.release(&lease).await);
    appended?;
    Ok(true)
}
