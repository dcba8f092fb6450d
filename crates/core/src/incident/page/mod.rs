//! An incident as a page: the post-mortem and its drawings.

mod chart;
mod measured;
mod postmortem;

pub(super) use measured::measured;
pub(crate) use postmortem::PAGE;
pub use postmortem::{Format, PostmortemError, postmortem};
