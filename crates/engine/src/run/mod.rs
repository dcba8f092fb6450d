//! A run being done: driven, captured, executed, undone.

mod acts;
mod capture;
mod data;
mod decide;
mod deploy;
mod drive;
mod last_resort;
mod notice;
mod soak;
mod step;
mod switch;
mod undo;

pub use capture::record_checkpoint;
pub use drive::{begin, resume};
pub(crate) use notice::{Begun, SeenBefore, Soaking, begin_noticed, go_on_to_soak};
