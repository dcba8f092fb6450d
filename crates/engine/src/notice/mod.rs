//! Noticing deploys that nobody told of.

mod known;
mod lookout;
mod note;
mod sole;
mod standing;

pub use lookout::{Lookout, Turn, arrived_quietly};
pub use note::note;
pub use sole::Sole;
