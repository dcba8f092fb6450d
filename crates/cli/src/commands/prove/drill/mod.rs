//! `backout drill`: a rehearsed rollback.

mod breaking;
mod command;
mod past;
mod shown;

pub(crate) use breaking::break_on_purpose;
pub(crate) use command::drill;
pub(crate) use past::DrillStanding;
