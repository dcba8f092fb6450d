//! Changing what runs: making a service run what was captured, stopping it, and breaking it on purpose.

mod breaking;
mod switching;

pub(super) use breaking::break_on_purpose;
pub(super) use switching::{stop, switch};
