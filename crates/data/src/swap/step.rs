//! A swap as a step of a run.

use backout_core::data::DataStep;
use backout_core::port::{Blobs, DataDone, PortError, Ports};

use super::names::Names;
use super::run;
use crate::Target;

/// Swaps.
pub(crate) async fn perform(target: &Target, step: &DataStep, ports: Ports<'_>) -> Result<DataDone, PortError> {
    let names = Names::of(step)?;
    let swapped = run::swap(target, &names, ports.progress).await?;
    let moved = match swapped.sequences {
        Some(count) => format!("; {count} sequences carried on"),
        None => String::new(),
    };
    let notes: String = swapped.notes.iter().map(|note| format!("; {note}")).collect();
    let seen = format!(
        "`{}` is what `{}` was; the database before it is kept as `{}`, only to be read{moved}{notes}",
        names.live, names.copy, names.aside
    );
    Ok(DataDone { seen, ..DataDone::default() })
}

/// Whether the names were exchanged and nothing is left to do.
pub(crate) async fn reached(target: &Target, step: &DataStep, _blobs: &dyn Blobs) -> Result<(bool, String), PortError> {
    run::reached(target, &Names::of(step)?).await
}

/// Takes a swap back.
pub(crate) async fn undo(target: &Target, step: &DataStep, ports: Ports<'_>) -> Result<String, PortError> {
    run::undo(target, &Names::of(step)?, ports.progress).await
}
