//! Looks at a database: facts, catalogs, contents. Changes nothing.

mod catalog;
mod collations;
pub(crate) mod contents;
mod integrity;
mod readiness;
mod schema;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use contents::{Hashes, ManifestHead, content_manifest, properties, sequences};
pub(crate) use integrity::{amcheck, checksums, collations, foreign_keys, integrity, sequence_ends, soundness};
pub(crate) use readiness::readiness;
pub(crate) use schema::schema;
pub(crate) use state::look;
