//! Whether the data is sound: what the owner of the data asks, and what the server can be asked.

mod btree;
mod foreign_keys;
mod in_use;
mod queries;
mod report;
mod sequence_ends;
mod server_state;

pub(crate) use btree::amcheck;
pub(crate) use foreign_keys::foreign_keys;
pub(crate) use in_use::soundness;
pub(crate) use queries::integrity;
pub(crate) use sequence_ends::sequence_ends;
pub(crate) use server_state::{checksums, collations};
