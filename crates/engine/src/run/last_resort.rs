//! Maintenance mode as the last resort of a run.

use backout_core::journal::{Body, Means};

use super::drive::Driver;
use crate::error::EngineError;
use crate::maintain::{MaintenanceWish, switch};
use crate::world::World;

/// What an automatic run may do where its way back is not verified. A drill never goes to an older version, and never keeps
/// users away.
pub(super) fn means(world: &World, is_drill: bool) -> Means {
    let policy = &world.environment.policy;
    let maintenance = world.environment.maintenance.automatic && !world.barriers.is_empty();
    Means { attempts: policy.attempts, plan_b: policy.plan_b && !is_drill, maintenance: maintenance && !is_drill }
}

impl Driver<'_> {
    pub(super) async fn maintain(&self) -> Result<Body, EngineError> {
        let reason = self.machine.state().tried.last().map(|tried| tried.why.clone());
        let wish = MaintenanceWish { on: true, by: "backout".to_owned(), reason, is_automatic: true };
        let outcome = switch(self.world, self.lease, Some(&self.run), &wish).await?;
        Ok(Body::MaintenanceEnded { on: true, outcome })
    }
}
