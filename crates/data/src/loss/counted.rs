//! How many rows there were before a database went back, and how many there are after it.

use backout_core::data::{DataProof, Manifest, ObjectName, RestorePoint, TableContent, TableRows};
use backout_core::port::{Blobs, PortError};

use crate::Target;
use crate::look::contents::{Hashes, contents};

/// Counts the rows of the database that was put aside, which nobody can write to. Those after it are the restore point's:
/// the copy was equal to its manifest before it was given the name, and the application writes on since. Where a swap was
/// undone there is no restore point, and what is in use is counted as it is now. Where rows cannot be counted it says so:
/// what is in use is no worse for it.
pub(super) async fn counted(
    target: &Target,
    damaged: &str,
    point: Option<&RestorePoint>,
    blobs: &dyn Blobs,
) -> DataProof {
    match rows(target, damaged, point, blobs).await {
        Ok(rows) => DataProof { rows, ..DataProof::default() },
        Err(error) => DataProof::uncounted(error.to_string()),
    }
}

async fn rows(
    target: &Target,
    damaged: &str,
    point: Option<&RestorePoint>,
    blobs: &dyn Blobs,
) -> Result<Vec<TableRows>, PortError> {
    let after = match point {
        Some(point) => manifest(point, blobs).await?.tables,
        None => read(target, target.admin_address().await?.dbname()).await?,
    };
    let before = read(target, damaged).await?;
    Ok(TableRows::between(before.iter().map(count), after.iter().map(count)))
}

async fn manifest(point: &RestorePoint, blobs: &dyn Blobs) -> Result<Manifest, PortError> {
    let manifest = blobs.get(&point.manifest).await?;
    serde_json::from_slice(&manifest)
        .map_err(|error| PortError::new(format!("the manifest of {} cannot be read: {error}", point.id)))
}

async fn read(target: &Target, dbname: &str) -> Result<Vec<TableContent>, PortError> {
    contents(&*target.admin(dbname).await?, Hashes::None).await
}

fn count(table: &TableContent) -> (ObjectName, u64) {
    (table.name.clone(), table.rows)
}
