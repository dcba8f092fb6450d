//! What was written since a restore point: estimated, listed, put back.

use backout_core::data::{DataStep, LossEstimate, Manifest};
use backout_core::port::{Blobs, DataDone, PortError, Ports};

use crate::Target;

pub(crate) async fn estimate(_target: &Target, _manifest: &Manifest) -> Result<LossEstimate, PortError> {
    Err(PortError::new("estimating the loss is not built yet"))
}

pub(crate) async fn perform(_target: &Target, _step: &DataStep, _ports: Ports<'_>) -> Result<DataDone, PortError> {
    Err(PortError::new("listing lost rows is not built yet"))
}

pub(crate) async fn reached(
    _target: &Target,
    _step: &DataStep,
    _blobs: &dyn Blobs,
) -> Result<(bool, String), PortError> {
    Err(PortError::new("listing lost rows is not built yet"))
}

pub(crate) async fn undo(_target: &Target, _step: &DataStep, _ports: Ports<'_>) -> Result<String, PortError> {
    Err(PortError::new("listing lost rows is not built yet"))
}
