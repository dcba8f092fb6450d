//! Fallbacks that a person switches, outside of any run.
//!
//! Architecture invariant: record intent, act, record outcome.

use backout_core::journal::{ActStage, Body, FallbackSwitching};
use backout_core::port::{Lease, PortError};

use crate::error::EngineError;
use crate::world::World;

/// Switches a fallback, under the environment's lease; it is recorded before it is done, and with what came of it.
///
/// # Errors
/// Where it cannot be switched, is not configured any more, or cannot be recorded.
pub async fn switch_fallback(
    world: &World,
    lease: &Lease,
    name: &str,
    on: bool,
    by: String,
) -> Result<(), EngineError> {
    let switching = |stage| FallbackSwitching { name: name.to_owned(), on, by: by.clone(), stage };
    record(world, lease, switching(ActStage::Intended)).await?;
    let done = match world.environment.fallbacks.get(name) {
        Some(fallback) => world.switchboard.switch(name, fallback, on).await,
        None => Err(PortError::new(format!("the configuration has no fallback `{name}` any more"))
            .hint("add it again for as long as it is on, so that it can be switched off")),
    };
    let stage = match &done {
        Ok(seen) => ActStage::Done { seen: seen.clone() },
        Err(error) => ActStage::Failed { why: error.to_string() },
    };
    record(world, lease, switching(stage)).await?;
    done.map(drop).map_err(EngineError::from)
}

async fn record(world: &World, lease: &Lease, switching: FallbackSwitching) -> Result<(), EngineError> {
    let body = Body::FallbackSwitched { switching: Box::new(switching) };
    Ok(world.record(lease, None, &body).await?)
}
