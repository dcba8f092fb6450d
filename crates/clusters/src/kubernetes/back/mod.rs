//! Going back: configuration first, then the whole workload at once, then watching it arrive.

mod alone;
mod arrive;
mod breaking;
mod canary;
mod desired;
mod limits;
mod notes;
mod preflight;
mod switch;
mod template;
mod write;

pub(super) use alone::unlike;
pub(super) use breaking::break_on_purpose;
pub(super) use canary::is_stable;
pub(super) use notes::notes;
pub(super) use preflight::preflight;
pub(super) use switch::switch;
pub(super) use write::{Act, write};
