//! What the limits of automatic runs are judged by, gathered over the environments that share a state directory.

use backout_core::id::EnvironmentName;
use backout_core::journal::Record;
use backout_core::plan::Request;
use backout_core::policy::Refusal;
use backout_core::policy::storm::{GOING_BACK_KINDS, Weather, are_before, going_back, held_back};

use crate::error::EngineError;
use crate::past::without_drills;
use crate::world::World;

/// Why an automatic run is held for a person, if it is. A person's run never is.
pub(super) async fn limits(world: &World, request: &Request, records: &[Record]) -> Result<Vec<Refusal>, EngineError> {
    if !request.is_automatic {
        return Ok(Vec::new());
    }
    let policy = &world.environment.policy;
    let others = if policy.max_at_once.is_some() { others(world, records).await? } else { Vec::new() };
    Ok(held_back(&Weather::of(records, others, world.clock.now()), policy))
}

/// The other environments that began to go back before this one, and that somebody still takes back.
async fn others(world: &World, records: &[Record]) -> Result<Vec<EnvironmentName>, EngineError> {
    let mut found = Vec::new();
    for name in world.store.environments().await? {
        if name == world.environment.name || !is_held(world, &name).await? {
            continue;
        }
        let began = going_back(&without_drills(&world.store.records(&name, &GOING_BACK_KINDS).await?));
        found.extend(began.map(|began| (name, began)));
    }
    Ok(are_before(going_back(records), found))
}

/// Whether somebody drives a run there. One that was left behind is at a standstill, and does not count.
async fn is_held(world: &World, name: &EnvironmentName) -> Result<bool, EngineError> {
    let holder = world.store.holder(name).await?;
    Ok(holder.is_some_and(|holder| holder.until > world.clock.now()))
}
