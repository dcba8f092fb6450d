//! What a person does to a database outside of any run.
//!
//! Architecture invariant: record intent, act, record outcome. Under the environment's lease, so that no run and nobody else
//! does something to it at the same time.

use std::future::Future;

use backout_core::journal::{ActStage, Body, PersonAct, Record};
use backout_core::port::{Lease, PortError};

use crate::error::EngineError;
use crate::world::World;

/// Records what is about to be done, does it, and records what came of it; `seen` says that in a sentence. Work that is
/// interrupted is dropped where it stands.
///
/// # Errors
/// What the work fails with, what could not be recorded, and [`EngineError::Interrupted`].
pub async fn by_hand<T>(
    world: &World,
    lease: &Lease,
    act: &PersonAct,
    work: impl Future<Output = Result<T, PortError>>,
    seen: impl FnOnce(&T) -> String,
) -> Result<T, EngineError> {
    record(world, lease, act, ActStage::Intended).await?;
    let done = tokio::select! {
        done = work => done.map_err(EngineError::from),
        () = world.interrupted() => Err(EngineError::Interrupted),
    };
    let stage = match &done {
        Ok(done) => ActStage::Done { seen: seen(done) },
        Err(error) => ActStage::Failed { why: error.to_string() },
    };
    record(world, lease, act, stage).await?;
    done
}

async fn record(world: &World, lease: &Lease, act: &PersonAct, stage: ActStage) -> Result<(), EngineError> {
    let body = Body::PersonActed { act: Box::new(PersonAct { stage, ..act.clone() }) };
    Ok(world.record(lease, None, &body).await?)
}

/// Everything that people did, the oldest first, each as far as it came.
#[must_use]
pub fn acts_by_hand(records: &[Record]) -> Vec<(jiff::Timestamp, PersonAct)> {
    let mut acts: Vec<(jiff::Timestamp, PersonAct)> = Vec::new();
    for record in records {
        let Body::PersonActed { act } = &record.body else { continue };
        let is_begun = |other: &PersonAct| PersonAct { stage: ActStage::Intended, ..(**act).clone() } == *other;
        match acts.last_mut().filter(|(_, begun)| act.stage != ActStage::Intended && is_begun(begun)) {
            Some((_, begun)) => begun.stage = act.stage.clone(),
            None => acts.push((record.at, (**act).clone())),
        }
    }
    acts
}
