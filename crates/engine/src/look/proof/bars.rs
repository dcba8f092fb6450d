//! What signals must come back to after a rollback.

use backout_core::policy::Check;

use crate::look::signals::{ask_all, bar_checks};
use crate::world::World;

/// Asks for every signal that has a bar, and compares it; nothing where none has.
pub(crate) async fn bars(world: &World) -> Vec<Check> {
    match world.environment.verify.bars.is_empty() {
        true => Vec::new(),
        false => bar_checks(world, &ask_all(world).await),
    }
}
