//! Takes restore points, and lets go of them.

use backout_core::data::RestorePoint;
use backout_core::port::{BackupOrder, PortError, Ports};

use crate::Target;

pub(crate) async fn take(_target: &Target, _order: &BackupOrder, _ports: Ports<'_>) -> Result<RestorePoint, PortError> {
    Err(PortError::new("backing up is not built yet"))
}

pub(crate) async fn import(
    _target: &Target,
    _file: &str,
    _order: &BackupOrder,
    _ports: Ports<'_>,
) -> Result<RestorePoint, PortError> {
    Err(PortError::new("importing is not built yet"))
}

pub(crate) async fn release(_target: &Target, _point: &RestorePoint) -> Result<(), PortError> {
    Err(PortError::new("releasing a backup is not built yet"))
}
