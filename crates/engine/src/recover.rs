//! Standing by: what the dead-man's switch does. It waits until whoever drives a run stops renewing the lease, and then
//! goes on with the run itself.
//!
//! Contract: whoever stands by changes nothing while somebody else holds the environment, and ends quietly once the run
//! has ended. A journal that cannot be used for a moment (a full disk) is waited for.

use std::sync::Arc;
use std::time::Duration;

use backout_core::id::RunId;
use backout_core::journal::{Body, RunResult};
use backout_core::port::StoreError;

use crate::error::EngineError;
use crate::lease::Heartbeat;
use crate::run::resume;
use crate::world::World;

/// How standing by came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandBy {
    /// The run ended without help.
    RunEnded,
    /// This process took the run over and drove it to its end.
    TookOver(RunResult),
}

/// Who stands by.
#[derive(Debug, Clone)]
pub struct Successor {
    /// In words: `dead-man's switch, process 4712 on web1`.
    pub holder: String,
    /// Its process.
    pub pid: u32,
    /// How long its own lease lasts unless renewed.
    pub ttl: Duration,
}

/// Stands by for a run: looks every `poll` whether it has ended, and takes it over when the lease of its environment has
/// expired or was given back while the run is still open.
///
/// # Errors
/// [`EngineError::Interrupted`] when this process shall stop, and what would stop anybody who drives the run: a plan that is
/// not sound, a journal that is broken or newer than this version.
pub async fn take_over(world: &World, run: &RunId, by: &Successor, poll: Duration) -> Result<StandBy, EngineError> {
    loop {
        match attempt(world, run, by).await {
            Ok(Some(stand_by)) => return Ok(stand_by),
            // Held, or not usable for the moment; or somebody else was quicker.
            Ok(None) | Err(EngineError::Superseded) => {}
            Err(EngineError::Store(error)) if passes(&error) => {}
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = world.clock.sleep(poll) => {}
            () = world.interrupted() => return Err(EngineError::Interrupted),
        }
    }
}

/// Whether it is worth waiting for.
fn passes(error: &StoreError) -> bool {
    matches!(error, StoreError::Held { .. } | StoreError::Fenced { .. } | StoreError::Unusable { .. })
}

async fn attempt(world: &World, run: &RunId, by: &Successor) -> Result<Option<StandBy>, EngineError> {
    if has_ended(world, run).await? {
        return Ok(Some(StandBy::RunEnded));
    }
    let (store, clock) = (Arc::clone(&world.store), Arc::clone(&world.clock));
    let heartbeat = match Heartbeat::acquire(store, clock, &world.environment.name, &by.holder, by.ttl).await {
        Ok(heartbeat) => heartbeat,
        Err(StoreError::Held { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // It may have ended, and its lease been given back, since it was looked at.
    let outcome = match has_ended(world, run).await {
        Ok(true) => Ok(StandBy::RunEnded),
        Ok(false) => {
            let resumed = resume(world, heartbeat.lease(), run.clone(), by.holder.clone(), by.pid).await;
            resumed.map(StandBy::TookOver)
        }
        Err(error) => Err(error),
    };
    // A lease that cannot be given back ends by expiring; the run has its result either way.
    drop(heartbeat.finish().await);
    outcome.map(Some)
}

async fn has_ended(world: &World, run: &RunId) -> Result<bool, EngineError> {
    let records = world.store.run(run).await?;
    Ok(records.iter().any(|record| matches!(record.body, Body::RunEnded { .. })))
}
