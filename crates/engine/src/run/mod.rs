//! A run being done: driven, captured, executed, undone.

mod acts;
mod approve;
mod capture;
mod data;
mod deploy;
mod drive;
mod judge;
mod last_resort;
mod notice;
mod step;
mod switch;
mod undo;

pub use approve::asked;
pub use capture::record_checkpoint;
pub use drive::{begin, resume};
pub(crate) use notice::{Begun, Paused, SeenBefore, begin_noticed, begin_trouble, go_on_noticed};
