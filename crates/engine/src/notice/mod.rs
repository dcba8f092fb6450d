//! Noticing deploys that nobody told of, and what goes bad without any.

mod known;
mod lookout;
mod note;
mod sole;
mod standing;
mod trouble;
mod turn;

pub use lookout::{Lookout, arrived_quietly};
pub use note::note;
pub use sole::Sole;
pub use trouble::{Excused, Trouble};
pub use turn::Turn;
