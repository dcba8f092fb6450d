//! Comparing with how it was before: what is asked for it, and what is kept of it.

mod counting;
mod dependencies;
mod recording;

pub(crate) use counting::Followed;
pub use counting::before as counted_before;
pub(crate) use dependencies::{Depended, ask as ask_dependencies, changed_until_now, reasons};
pub use recording::{kept_watch, pack};
