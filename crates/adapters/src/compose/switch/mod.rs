//! Changing what runs: making a service run what was captured, starting it anew, stopping it, and breaking it
//! on purpose.

mod breaking;
mod restarting;
mod switching;

pub(super) use breaking::break_on_purpose;
pub(super) use restarting::restart;
pub(super) use switching::{stop, switch};
