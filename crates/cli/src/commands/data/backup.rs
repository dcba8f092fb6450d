//! `backout backup`: which of its commands is meant.

use std::process::ExitCode;

use super::aside::Doomed;
use super::{aside, base, create, list, reimport, restore, verify};
use crate::args::{BackupAction, Global};
use crate::error::CliError;
use crate::ui::Ui;

/// Does what is asked with restore points.
pub(crate) async fn backup(global: &Global, action: BackupAction, ui: Ui) -> Result<ExitCode, CliError> {
    match action {
        BackupAction::Create { database, physical: true } => base::create(global, &database, ui).await,
        BackupAction::Create { database, physical: false } => create::create(global, &database, ui).await,
        BackupAction::Import { file, newest, database } => {
            create::import(global, (&file, newest), database.as_deref(), ui).await
        }
        BackupAction::Prune { keep } => create::prune(global, keep, ui).await,
        BackupAction::List => list::list(global, ui).await,
        BackupAction::Show { id } => list::show(global, &id, ui).await,
        BackupAction::Verify { id, level } => verify::verify(global, id.as_deref(), &level, ui).await,
        BackupAction::Restore { id, name, table } => restore::restore(global, (&id, &name), &table, ui).await,
        BackupAction::Reimport(args) => reimport::reimport(global, &args, ui).await,
        BackupAction::DropAside { name, database, force, dump, without_dump } => {
            let wanted = Doomed { name, database, force, dump, without_dump };
            aside::drop_aside(global, &wanted, ui).await
        }
    }
}
