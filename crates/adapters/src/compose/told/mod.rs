//! What the engine tells of containers beside their state: their output, what they use, and what is kept of those that went bad.

mod evidence;
mod output;
mod usage;

pub(super) use evidence::evidence;
pub(super) use output::output;
pub(super) use usage::usage;
