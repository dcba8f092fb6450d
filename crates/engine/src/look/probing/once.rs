//! Probing once.

use std::sync::Arc;

use super::driver::Probing;
use super::target::{Probed, Target};
use crate::world::World;

/// Probes all of these once, and returns what came back in their order.
pub(crate) async fn probe_once(world: &World, targets: Vec<Target>) -> Vec<Probed> {
    let count = targets.len();
    let mut probing = Probing::new(Arc::clone(&world.prober), Arc::clone(&world.clock), targets, None);
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        all.push(probing.next().await);
    }
    all.sort_by_key(|probed| probed.place);
    all
}
