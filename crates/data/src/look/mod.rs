//! Looks at a database: facts, catalogs, contents. Changes nothing.

mod catalog;
mod contents;
mod schema;

use backout_core::data::{DatabaseFact, DatabaseReadiness, DatabaseSeen};
use backout_core::port::PortError;

pub(crate) use contents::{
    Hashes, ManifestHead, constraints, content_manifest, contents, extensions, large_objects, properties, roles,
    sequences,
};
pub(crate) use schema::schema;

use crate::Target;

pub(crate) async fn look(target: &Target) -> DatabaseFact {
    let seen = DatabaseSeen::Unknown { why: "looking is not built yet".to_owned() };
    DatabaseFact { database: target.configured.name.clone(), at: target.clock.now(), seen }
}

pub(crate) async fn readiness(_target: &Target) -> Result<DatabaseReadiness, PortError> {
    Err(PortError::new("looking ahead is not built yet"))
}

#[cfg(test)]
mod tests;
