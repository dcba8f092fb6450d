//! Maintenance mode as the last resort of a run.

use backout_core::journal::{Body, MaintenanceOutcome, Means};

use super::drive::Driver;
use crate::error::EngineError;
use crate::world::World;

/// What an automatic run may do where its way back is not verified.
pub(super) fn means(world: &World) -> Means {
    let policy = &world.environment.policy;
    Means { attempts: policy.attempts, plan_b: policy.plan_b, maintenance: false }
}

impl Driver<'_> {
    pub(super) async fn maintain(&self) -> Result<Body, EngineError> {
        let why = vec!["none is configured for this environment".to_owned()];
        Ok(Body::MaintenanceEnded { on: true, outcome: MaintenanceOutcome::Failed { seen: Vec::new(), why } })
    }
}
