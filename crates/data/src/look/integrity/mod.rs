//! Whether the data is sound: what the owner of the data asks, and what the server can be asked.

mod btree;
mod queries;
mod report;
mod sequence_ends;

pub(crate) use btree::amcheck;
pub(crate) use queries::integrity;
pub(crate) use sequence_ends::sequence_ends;
