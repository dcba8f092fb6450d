//! What is past: what the records say together, and what may be let go of.

mod history;
mod retain;

pub use history::{PastRollback, checkpoints, estimates, past_rollbacks};
pub use retain::prune;
pub(crate) use retain::unpin;
