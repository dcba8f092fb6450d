//! What can be done with objects.

mod defaults;
pub(crate) mod delete;
pub(crate) mod exec;
pub(crate) mod log;
pub(crate) mod read;
pub(crate) mod review;
pub(crate) mod scale;
pub(crate) mod table;
mod validation;
pub(crate) mod write;
