//! Argo Rollouts' controller, as its source (August 2026, after v1.8) behaves towards one who reads and writes Rollouts.
//!
//! The strategy `canary` without traffic routing, with the steps `setWeight` and `pause`. How many pods of the old and the new
//! template run meanwhile is simpler than there: the new ones come first, and then as many old ones go.

mod controller;
mod sets;
mod status;
mod steps;

pub(crate) use controller::reconcile;
