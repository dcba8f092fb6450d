//! `backout backup drop-aside`: the end of a database that a rollback put aside.

use std::process::ExitCode;

use super::by_hand::{Deed, Hand};
use super::named::one_database;
use crate::args::Global;
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup, databases};

/// Drops it, once it need not be kept any longer or where that is forced.
pub(super) async fn drop_aside(
    global: &Global,
    name: &str,
    typed: Option<&str>,
    force: bool,
    ui: Ui,
) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let database = one_database(&setup, typed)?;
    let Some(postgres) = databases(&setup).remove(&database) else {
        return Err(CliError::usage(format!("there is no database `{database}`")));
    };
    let hand = Hand::begin(&setup, "backup drop-aside").await?;
    let deed = Deed { command: "backup drop-aside", database: &database, subject: name, about: None };
    let done = hand.does(&deed, postgres.drop_kept(name, force), String::clone).await;
    hand.finish().await;
    let seen = done?;
    if ui.json {
        ui.document(&serde_json::json!({ "database": database, "dropped": name, "seen": seen }))?;
    } else {
        ui.say(&seen);
    }
    Ok(ExitCode::SUCCESS)
}
