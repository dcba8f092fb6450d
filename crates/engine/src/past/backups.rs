//! Restore points outside of any run: taken, imported, and let go of.

use backout_core::data::RestorePoint;
use backout_core::id::{BackupId, DatabaseName};
use backout_core::inventory::backups_to_release;
use backout_core::journal::Body;
use backout_core::port::{BackupOrder, Database, ForeignDump, Lease, PortError};

use super::{checkpoints, restore_points};
use crate::error::EngineError;
use crate::world::World;

/// Takes a restore point of a database, and records it.
///
/// # Errors
/// What could not be taken or recorded, and [`EngineError::Interrupted`].
pub async fn back_up(world: &World, lease: &Lease, name: &DatabaseName) -> Result<RestorePoint, EngineError> {
    let database = database(world, name)?;
    let vault = database.vault(world.blobs.as_ref()).await.unwrap_or_default();
    let order =
        BackupOrder { id: BackupId::mint(world.clock.now(), (world.salt)()), run: None, vault, is_as_it_is: false };
    let point = tokio::select! {
        taken = database.back_up(&order, world.ports()) => taken?,
        () = world.interrupted() => return Err(EngineError::Interrupted),
    };
    world.record(lease, None, &Body::BackupTaken { point: Box::new(point.clone()) }).await?;
    Ok(point)
}

/// Registers a dump of another tool as a restore point.
///
/// # Errors
/// What is no dump that can be read, what could not be recorded, and [`EngineError::Interrupted`].
pub async fn import_backup(
    world: &World,
    lease: &Lease,
    name: &DatabaseName,
    dump: ForeignDump<'_>,
) -> Result<RestorePoint, EngineError> {
    let order = BackupOrder {
        id: BackupId::mint(world.clock.now(), (world.salt)()),
        run: None,
        vault: None,
        is_as_it_is: false,
    };
    let point = tokio::select! {
        imported = database(world, name)?.import(dump, &order, world.ports()) => imported?,
        () = world.interrupted() => return Err(EngineError::Interrupted),
    };
    world.record(lease, None, &Body::BackupTaken { point: Box::new(point.clone()) }).await?;
    Ok(point)
}

/// Lets go of the restore points of each database beyond the newest ones that the configuration keeps, or `keep` of them.
/// What a retained checkpoint needs stays. Answers with what was released.
///
/// # Errors
/// Where the journal does not answer, or a store does not let go; what was released until then is recorded.
pub async fn prune_backups(world: &World, lease: &Lease, keep: Option<u32>) -> Result<Vec<BackupId>, EngineError> {
    let records = world.store.records(&world.environment.name, &[]).await?;
    let (points, checkpoints) = (restore_points(&records), checkpoints(&records));
    let mut released = Vec::new();
    for (name, configured) in &world.environment.databases {
        let configured = configured.backup.as_ref().map(|backup| backup.keep);
        let (Some(keep), Some(database)) = (keep.or(configured), world.databases.get(name)) else { continue };
        for point in backups_to_release(&points, &checkpoints, name, keep) {
            // Recorded first: a restore point that may be gone must not be chosen.
            world.record(lease, None, &Body::BackupReleased { backup: point.id.clone() }).await?;
            database.release(point).await?;
            released.push(point.id.clone());
        }
    }
    Ok(released)
}

fn database<'a>(world: &'a World, name: &DatabaseName) -> Result<&'a dyn Database, PortError> {
    let found = world.databases.get(name).map(AsRef::as_ref);
    found.ok_or_else(|| PortError::new(format!("no database `{name}` is known")))
}
