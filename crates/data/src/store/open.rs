//! Finds the store that is configured, or that a restore point was kept in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backout_core::config::BackupStore;
use backout_core::port::PortError;

use super::contract::Store;
use super::folder::Folder;
use crate::Target;

/// The store that the backups of `target` are configured to go to.
///
/// # Errors
/// Where none is configured, or a secret cannot be had.
pub(crate) async fn open(target: &Target) -> Result<Arc<dyn Store>, PortError> {
    let Some(backup) = &target.configured.backup else {
        return Err(PortError::new(format!("database `{}` has no backups configured", target.configured.name))
            .hint("name a store: `backup: { store: FOLDER }`"));
    };
    match &backup.store {
        BackupStore::Folder(folder) => Ok(folder_at(&target.folder.join(folder))?),
        BackupStore::S3(_) => Err(PortError::new("S3 is not built yet")),
    }
}

/// The store that a restore point says it is kept in, with the credentials that are configured.
///
/// # Errors
/// As [`open`]; a place that cannot be read.
pub(crate) async fn open_at(_target: &Target, place: &str) -> Result<Arc<dyn Store>, PortError> {
    match place.split_once(':') {
        Some(("file", path)) => folder_at(Path::new(path)),
        _ => Err(PortError::new(format!("`{place}` is no store that is known"))),
    }
}

fn folder_at(path: &Path) -> Result<Arc<dyn Store>, PortError> {
    if !path.is_absolute() {
        return Err(PortError::new(format!("the store {} is no absolute path", path.display())));
    }
    // Without its last slash: `file:/srv/backups/` is shown with exactly one.
    Ok(Arc::new(Folder::new(path.components().collect::<PathBuf>())))
}
