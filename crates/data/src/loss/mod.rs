//! What was written since a restore point: estimated before a rollback, listed after it, and put back beside what was written
//! since.
//!
//! Contract: looking changes nothing in any database; rows are only ever told apart by values that the server itself wrote.
//! What a row comes to is decided in `backout_core::data` (`tell`, `merge`), with the tables of truth that say why.

mod back;
mod base;
mod counted;
mod estimate;
mod lost;
mod moment;
mod placed;
mod rows;
mod step;
#[cfg(test)]
mod tests;
mod undone;
mod unmarked;

pub(crate) use back::reimport;
pub use back::{Conflict, ReimportOptions, ReimportReport, TableReimport};
pub(crate) use base::keep_base;
pub(crate) use estimate::estimate;
pub(crate) use step::{perform, reached, undo};
pub(crate) use undone::estimate_undo;
