//! Copies beside the database: built, verified, used and dropped.

pub(crate) mod access;

use backout_core::data::DataStep;
use backout_core::port::{Blobs, DataDone, PortError, Ports};

use crate::Target;

pub(crate) async fn perform(_target: &Target, _step: &DataStep, _ports: Ports<'_>) -> Result<DataDone, PortError> {
    Err(PortError::new("restoring beside is not built yet"))
}

pub(crate) async fn reached(
    _target: &Target,
    _step: &DataStep,
    _blobs: &dyn Blobs,
) -> Result<(bool, String), PortError> {
    Err(PortError::new("restoring beside is not built yet"))
}

pub(crate) async fn undo(_target: &Target, _step: &DataStep, _ports: Ports<'_>) -> Result<String, PortError> {
    Err(PortError::new("restoring beside is not built yet"))
}
