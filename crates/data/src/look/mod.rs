//! Looks at a database: facts, catalogs, contents. Changes nothing.

mod catalog;
mod collations;
mod contents;
mod integrity;
mod readiness;
mod schema;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use contents::{
    Hashes, ManifestHead, constraints, content_manifest, contents, extensions, large_objects, properties, roles,
    sequences,
};
pub(crate) use integrity::{amcheck, integrity, integrity_report, sequence_ends};
pub(crate) use readiness::readiness;
pub(crate) use schema::schema;
pub(crate) use state::look;
