//! Looks at a database: facts, catalogs, contents. Changes nothing.

use backout_core::data::{DatabaseFact, DatabaseReadiness, DatabaseSeen};
use backout_core::port::PortError;

use crate::Target;

pub(crate) async fn look(target: &Target) -> DatabaseFact {
    let seen = DatabaseSeen::Unknown { why: "looking is not built yet".to_owned() };
    DatabaseFact { database: target.configured.name.clone(), at: target.clock.now(), seen }
}

pub(crate) async fn readiness(_target: &Target) -> Result<DatabaseReadiness, PortError> {
    Err(PortError::new("looking ahead is not built yet"))
}
