//! What keeps users away in maintenance mode.

mod command;
mod compose;
mod file;

pub use command::CommandBarrier;
pub use compose::ComposeBarrier;
pub use file::FileBarrier;
