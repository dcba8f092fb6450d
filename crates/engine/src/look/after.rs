//! What a deploy command did, once it has ended.

use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, changed_between};

use super::collect::observe;
use crate::world::World;

/// How long a cluster has to begin with what it was told: `kubectl apply` ends when that is written down, and its controllers
/// make the first pod of it a moment later.
const BEGINS_WITHIN: Duration = Duration::from_secs(5);

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// What runs after a deploy command, and the services that are not as they were. On a cluster that nothing has changed is
/// believed only when it has lasted.
pub(crate) async fn changed_since(world: &World, before: &[Fact]) -> (Vec<Fact>, Vec<ServiceName>) {
    let is_on_cluster = world.environment.services.values().any(|service| service.platform.kind().is_cluster());
    let deadline = world.clock.uptime() + BEGINS_WITHIN;
    loop {
        let facts = observe(world).await;
        let changed = changed_between(before, &facts);
        if !is_on_cluster || !changed.is_empty() || world.clock.uptime() >= deadline {
            return (facts, changed);
        }
        world.clock.sleep(PAUSE).await;
    }
}
