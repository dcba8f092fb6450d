//! Waiting for what cannot be seen: a platform whose daemon is restarted is back in seconds, and until then nothing can be
//! done there anyway.

use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, Seen};

use super::collect::{observe, observe_one};
use crate::world::World;

/// How long a platform may be out of sight before what needs it is given up.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What runs of a service, once it can be seen; unknown, where that takes too long.
pub(crate) async fn observe_once_seen(world: &World, service: &ServiceName) -> Fact {
    let deadline = world.clock.uptime() + BACK_WITHIN;
    loop {
        let fact = observe_one(world, service).await;
        if !is_unseen(&fact) || world.clock.uptime() >= deadline {
            return fact;
        }
        world.clock.sleep(PAUSE).await;
    }
}

/// Waits until every service can be seen, unless that takes too long.
pub(crate) async fn all_seen(world: &World) {
    let deadline = world.clock.uptime() + BACK_WITHIN;
    while observe(world).await.iter().any(is_unseen) && world.clock.uptime() < deadline {
        world.clock.sleep(PAUSE).await;
    }
}

fn is_unseen(fact: &Fact) -> bool {
    matches!(fact.seen, Seen::Unknown { .. })
}
