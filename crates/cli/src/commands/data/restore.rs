//! `backout backup restore`: a restore point as a database of another name. What is in use is not touched.

use std::process::ExitCode;

use backout_core::data::{DataAct, DataStep, RestorePoint, RestoreSource};

use super::by_hand::{Deed, Hand};
use super::named::{point, table};
use crate::args::Global;
use crate::error::{CliError, Exit};
use crate::ui::Ui;
use crate::wire::{Access, Setup};

/// Restores one as `name`, and looks whether it is there.
pub(super) async fn restore(
    global: &Global,
    (typed, name): (&str, &str),
    tables: &[String],
    ui: Ui,
) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let point = point(&setup, typed).await?;
    let hand = Hand::begin(&setup, "backup restore").await?;
    let done = beside(&hand, &point, name, tables).await;
    hand.finish().await;
    let seen = done?;
    if ui.json {
        ui.document(&serde_json::json!({ "database": name, "restore_point": point.id, "seen": seen }))?;
    } else {
        ui.data(name);
        ui.say(&seen);
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds it, and looks whether it is there.
async fn beside(hand: &Hand, point: &RestorePoint, name: &str, tables: &[String]) -> Result<String, CliError> {
    let world = &hand.world;
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
    let work = async {
        database.perform(&step, world.ports()).await?;
        database.reached(&step, world.blobs.as_ref()).await
    };
    let deed = Deed { command: "backup restore", database: &point.database, subject: name, about: None };
    let (is_there, seen) = hand.does(&deed, work, |(_, seen)| seen.clone()).await?;
    if !is_there {
        return Err(CliError::new(Exit::ChecksDoNotHold, format!("`{name}` is not as `{}` has it: {seen}", point.id)));
    }
    Ok(seen)
}
