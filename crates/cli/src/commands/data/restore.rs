//! `backout backup restore`: a restore point as a database of another name. What is in use is not touched.

use std::process::ExitCode;
use std::sync::Arc;

use backout_core::data::{DataAct, DataStep, RestoreSource};
use backout_engine::EngineError;

use super::named::{point, table};
use crate::args::Global;
use crate::error::{CliError, Exit};
use crate::ui::{Narrator, Ui};
use crate::wire::{Access, Setup, interrupts};

/// Restores one as `name`, and looks whether it is there.
pub(super) async fn restore(
    global: &Global,
    (typed, name): (&str, &str),
    tables: &[String],
    ui: Ui,
) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let point = point(&setup, typed).await?;
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let Some(database) = world.databases.get(&point.database) else {
        return Err(CliError::usage(format!("the configuration has no database `{}` any more", point.database)));
    };
    let step = DataStep {
        database: point.database.clone(),
        act: DataAct::RestoreBeside {
            source: RestoreSource::Dump { point: Box::new(point.clone()) },
            copy: name.to_owned(),
            tables: tables.iter().map(|typed| table(typed)).collect(),
        },
        fences: Vec::new(),
    };
    let mut interrupt = world.interrupt.clone();
    let done = tokio::select! {
        done = database.perform(&step, world.ports()) => done,
        _ = interrupt.wait_for(|stop| *stop) => return Err(EngineError::Interrupted.into()),
    };
    narrator.finish();
    done?;
    let (is_there, seen) = database.reached(&step, world.blobs.as_ref()).await?;
    if !is_there {
        return Err(CliError::new(Exit::ChecksDoNotHold, format!("`{name}` is not as `{}` has it: {seen}", point.id)));
    }
    if ui.json {
        ui.document(&serde_json::json!({ "database": name, "restore_point": point.id, "seen": seen }))?;
    } else {
        ui.data(name);
        ui.say(&seen);
    }
    Ok(ExitCode::SUCCESS)
}
