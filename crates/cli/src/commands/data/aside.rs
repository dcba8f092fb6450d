//! `backout backup drop-aside`: the end of a database that a rollback put aside.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use backout_data::Dumped;

use super::by_hand::{Deed, Hand};
use super::named::one_database;
use crate::args::Global;
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup, databases};

/// What is to be dropped, and what was said about it.
pub(super) struct Doomed {
    pub(super) name: String,
    /// The database of the configuration.
    pub(super) database: Option<String>,
    pub(super) force: bool,
    pub(super) dump: Option<PathBuf>,
    pub(super) without_dump: bool,
}

/// Drops it, once it need not be kept any longer or where that is forced, and once a dump of it was verified or none is
/// wanted.
pub(super) async fn drop_aside(global: &Global, wanted: &Doomed, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let (database, name) = (one_database(&setup, wanted.database.as_deref())?, &wanted.name);
    let Some(postgres) = databases(&setup).remove(&database) else {
        return Err(CliError::usage(format!("there is no database `{database}`")));
    };
    let file = wanted.dump.as_ref().map(|file| setup.process.folder.join(file));
    let dumped = if wanted.without_dump { Dumped::NotWanted } else { dumped(file.as_deref())? };
    let hand = Hand::begin(&setup, "backup drop-aside").await?;
    let deed = Deed { command: "backup drop-aside", database: &database, subject: name, about: None };
    let progress = hand.world.ports().progress;
    let done = hand.does(&deed, postgres.drop_kept(name, wanted.force, dumped, progress), String::clone).await;
    hand.finish().await;
    let seen = done?;
    if ui.json {
        ui.document(&serde_json::json!({ "database": database, "dropped": name, "seen": seen }))?;
    } else {
        ui.say(&seen);
    }
    Ok(ExitCode::SUCCESS)
}

fn dumped(file: Option<&Path>) -> Result<Dumped<'_>, CliError> {
    let Some(file) = file else { return Ok(Dumped::Unsaid) };
    let not_text = || CliError::usage(format!("the name of {} is not UTF-8", file.display()));
    Ok(Dumped::In(file.to_str().ok_or_else(not_text)?))
}
