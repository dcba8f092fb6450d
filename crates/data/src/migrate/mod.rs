//! Migrations: their files, their ledgers in the database, and how they are undone.

use backout_core::data::{DataStep, MigrationGraph};
use backout_core::inventory::BlobRef;
use backout_core::port::{Blobs, DataDone, PortError, Ports};

use crate::Target;

pub(crate) async fn vault(_target: &Target, _blobs: &dyn Blobs) -> Result<Option<BlobRef>, PortError> {
    Err(PortError::new("keeping migrations is not built yet"))
}

pub(crate) async fn migrations(
    _target: &Target,
    _vault: Option<&BlobRef>,
    _blobs: &dyn Blobs,
) -> Result<Option<MigrationGraph>, PortError> {
    Err(PortError::new("reading migrations is not built yet"))
}

pub(crate) async fn perform(_target: &Target, _step: &DataStep, _ports: Ports<'_>) -> Result<DataDone, PortError> {
    Err(PortError::new("undoing migrations is not built yet"))
}

pub(crate) async fn reached(
    _target: &Target,
    _step: &DataStep,
    _blobs: &dyn Blobs,
) -> Result<(bool, String), PortError> {
    Err(PortError::new("undoing migrations is not built yet"))
}

pub(crate) async fn undo(_target: &Target, _step: &DataStep, _ports: Ports<'_>) -> Result<String, PortError> {
    Err(PortError::new("undoing migrations is not built yet"))
}
