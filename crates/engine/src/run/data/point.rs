//! Databases as a checkpoint has them: the digest of the schema, the schema itself, and what was applied to it.

use std::collections::BTreeMap;

use backout_core::data::{DataPoint, DatabaseFact, DatabaseSeen, DatabaseState, RestorePoint};
use backout_core::id::DatabaseName;
use backout_core::port::PortError;

use crate::look::look_at_databases;
use crate::run::capture::Care;
use crate::world::World;

/// Every database that can be seen, each with its restore point where one was taken; and what is missing, a reason each.
///
/// # Errors
/// With [`Care::Complete`]: a schema that cannot be kept, and a database that was backed up and cannot be seen any more.
pub(in crate::run) async fn data_points(
    world: &World,
    backups: &BTreeMap<DatabaseName, RestorePoint>,
    care: Care,
) -> Result<(BTreeMap<DatabaseName, DataPoint>, Vec<String>), PortError> {
    let (mut points, mut missing) = (BTreeMap::new(), Vec::new());
    for fact in look_at_databases(world).await {
        let backup = backups.get(&fact.database);
        match data_point(world, &fact, backup).await {
            Ok(point) => _ = points.insert(fact.database, point),
            Err(error) if care == Care::Complete && backup.is_some() => return Err(error),
            Err(error) => missing.push(error.what),
        }
    }
    Ok((points, missing))
}

async fn data_point(world: &World, fact: &DatabaseFact, backup: Option<&RestorePoint>) -> Result<DataPoint, PortError> {
    let database = &fact.database;
    let state: &DatabaseState = match &fact.seen {
        DatabaseSeen::Known(state) => state,
        DatabaseSeen::Unknown { why } => {
            return Err(PortError::new(format!("database `{database}` cannot be seen: {why}"))
                .hint("look why: `backout check`"));
        }
    };
    let schema = serde_json::to_vec(&state.schema).map_err(|error| {
        PortError::new(format!("the schema of database `{database}` cannot be written down: {error}"))
    })?;
    Ok(DataPoint {
        database: database.clone(),
        schema_digest: state.schema.digest(),
        schema: world.blobs.put(&schema).await?,
        ledgers: state.ledgers.clone(),
        backup: backup.cloned(),
    })
}
