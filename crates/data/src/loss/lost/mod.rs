//! The exact list of what a rollback took away.

mod bag;
mod known;
mod report;
mod table;
mod touched;

pub(super) use report::{is_there, perform};
