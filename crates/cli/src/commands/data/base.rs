//! Base backups of a whole server: made by `backout backup create --physical`, and let go of by `backout backup prune`.

use std::path::PathBuf;
use std::process::ExitCode;

use backout_core::config::Recovery;
use backout_core::data::{BaseBackup, RestorePoint, bases_to_release};
use backout_core::id::DatabaseName;
use serde::Serialize;

use super::by_hand::{Deed, Hand};
use super::named;
use crate::args::Global;
use crate::error::CliError;
use crate::ui::Ui;
use crate::wire::{Access, Setup, databases};

#[derive(Serialize)]
struct Made {
    base_backups: Vec<MadeOne>,
}

#[derive(Serialize)]
struct MadeOne {
    database: DatabaseName,
    path: PathBuf,
}

/// Makes a base backup of the server of every database named, or of all that keep them in a folder.
pub(super) async fn create(global: &Global, typed: &[String], ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let is_kept = |name: &DatabaseName| {
        let configured = setup.environment.databases.get(name);
        matches!(configured.and_then(|found| found.recovery.as_ref()), Some(Recovery::Archive { .. }))
    };
    let mut names = named::databases(&setup, typed)?;
    names.retain(|name| !typed.is_empty() || is_kept(name));
    if names.is_empty() {
        return Err(CliError::usage("no database says where base backups of its server are kept")
            .hint("add `recovery: { archive: { base: bases/, log: FOLDER } }` to it; pgBackRest makes its own"));
    }
    let hand = Hand::begin(&setup, "backup create --physical").await?;
    let made = make(&setup, &hand, &names).await;
    hand.finish().await;
    let base_backups = made?;
    if ui.json {
        ui.document(&Made { base_backups })?;
    } else {
        base_backups.iter().for_each(|made| ui.data(&made.path.display().to_string()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn make(setup: &Setup, hand: &Hand, names: &[DatabaseName]) -> Result<Vec<MadeOne>, CliError> {
    let mut all = databases(setup);
    let mut made = Vec::new();
    for name in names {
        let Some(postgres) = all.remove(name) else { continue };
        let (command, subject) = ("backup create --physical", "the whole server");
        let deed = Deed { command, database: name, subject, about: None };
        let work = postgres.base_backup(hand.narrator.as_ref());
        let path = hand.does(&deed, work, |path| format!("it is in {}", path.display())).await?;
        made.push(MadeOne { database: name.clone(), path });
    }
    Ok(made)
}

/// Lets go of base backups beyond the newest `keep`, or as many as restore points are kept; never of one that a restore point
/// among `points` is recovered from.
pub(super) async fn prune(
    setup: &Setup,
    hand: &Hand,
    points: &[RestorePoint],
    keep: Option<u32>,
) -> Result<Vec<BaseBackup>, CliError> {
    let mut released = Vec::new();
    for (name, postgres) in databases(setup) {
        let backup = setup.environment.databases.get(&name).and_then(|configured| configured.backup.as_ref());
        let Some(keep) = keep.or(backup.map(|backup| backup.keep)) else { continue };
        // A server has one log: a restore point of any of its databases may need the base backup.
        let bases = postgres.base_backups().await?;
        for base in bases_to_release(&bases, points, keep) {
            let deed = Deed { command: "backup prune", database: &name, subject: &base.name, about: None };
            hand.does(&deed, postgres.release_base(base), |()| "it is kept no more".to_owned()).await?;
            released.push(base.clone());
        }
    }
    Ok(released)
}

/// The base backups of every database, each once: several databases may share a server and its folder.
pub(super) async fn list(setup: &Setup) -> Result<Vec<BaseBackup>, CliError> {
    let mut all: Vec<BaseBackup> = Vec::new();
    for postgres in databases(setup).values() {
        for base in postgres.base_backups().await? {
            if !all.contains(&base) {
                all.push(base);
            }
        }
    }
    all.sort_by_key(|base| std::cmp::Reverse(base.ended_at));
    Ok(all)
}
