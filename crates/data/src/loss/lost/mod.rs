//! The exact list of what a rollback took away.

mod bag;
mod report;
mod table;

pub(super) use report::{is_there, perform};
