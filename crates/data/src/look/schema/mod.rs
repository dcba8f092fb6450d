//! The schema of a database, read from its catalogs.

mod functions;
mod read;
mod relations;
mod spelling;
mod tables;
mod types;

pub(crate) use read::schema;
pub(super) use tables::{CONSTRAINT_COUNTS, constraint_kind};
