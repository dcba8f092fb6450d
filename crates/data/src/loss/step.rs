//! Which act is done where.

use backout_core::data::{DataAct, DataStep};
use backout_core::port::{Blobs, DataDone, PortError, Ports};

use super::back::undo_rows;
use super::{counted, lost};
use crate::Target;

/// An act that came to the wrong part is a defect of ours.
fn not_ours(step: &DataStep) -> PortError {
    PortError::new(format!("`{}` is no act on rows", step.act.kind()))
}

/// Does an act on rows.
pub(crate) async fn perform(target: &Target, step: &DataStep, ports: Ports<'_>) -> Result<DataDone, PortError> {
    match &step.act {
        DataAct::ReportLoss { damaged, point } => {
            let done = lost::perform(target, damaged, point.as_deref(), ports).await?;
            Ok(DataDone { proof: counted::counted(target, damaged, point.as_deref(), ports.blobs).await, ..done })
        }
        DataAct::UndoRows { copy, tables } => undo_rows::perform(target, copy, tables, ports).await,
        _ => Err(not_ours(step)),
    }
}

/// Looks whether what an act on rows names is there.
pub(crate) async fn reached(target: &Target, step: &DataStep, _blobs: &dyn Blobs) -> Result<(bool, String), PortError> {
    match &step.act {
        DataAct::ReportLoss { damaged, point } => Ok(lost::is_there(target, damaged, point.as_deref())),
        DataAct::UndoRows { copy, tables } => undo_rows::reached(target, copy, tables).await,
        _ => Err(not_ours(step)),
    }
}

/// Takes an act on rows back.
pub(crate) async fn undo(target: &Target, step: &DataStep, _ports: Ports<'_>) -> Result<String, PortError> {
    match &step.act {
        // A report changes nothing, and what it lists stays worth knowing.
        DataAct::ReportLoss { .. } => Ok("nothing was changed".to_owned()),
        DataAct::UndoRows { copy, .. } => undo_rows::undo(target, copy).await,
        _ => Err(not_ours(step)),
    }
}
