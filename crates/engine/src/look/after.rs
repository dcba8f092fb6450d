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
        let changed = changed(world, (before, &facts), changed_between);
        if !is_on_cluster || !changed.is_empty() || world.clock.uptime() >= deadline {
            return (facts, changed);
        }
        world.clock.sleep(PAUSE).await;
    }
}

/// The services that `between` finds changed. A file that no service reads itself, such as Compose's `.env`, stands with every
/// service and says of none that it changed, unless it is all that did.
pub(crate) fn changed(
    world: &World,
    (before, now): (&[Fact], &[Fact]),
    between: fn(&[Fact], &[Fact]) -> Vec<ServiceName>,
) -> Vec<ServiceName> {
    let is_read = |service: &ServiceName, path: &String| {
        let files = world.files_of.get(service).map(Vec::as_slice).unwrap_or_default();
        files.iter().all(|file| file.path != *path || file.needs_restart)
    };
    let own = |facts: &[Fact]| -> Vec<Fact> {
        let without = |fact: &Fact| {
            let mut fact = fact.clone();
            fact.files.retain(|path, _| is_read(&fact.service, path));
            fact
        };
        facts.iter().map(without).collect()
    };
    let changed = between(&own(before), &own(now));
    if changed.is_empty() { between(before, now) } else { changed }
}
