//! `backout backup create|import|prune`: the writing half.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use backout_core::data::{BaseBackup, RestorePoint};
use backout_core::id::{BackupId, DatabaseName};
use backout_core::port::ForeignDump;
use backout_core::report::point_text;
use backout_engine::{EngineError, back_up, import_backup, prune_backups};
use serde::Serialize;

use super::base;
use super::by_hand::Hand;
use super::named::{databases, one_database, points};
use crate::args::Global;
use crate::error::CliError;
use crate::ui::{Narrator, Ui, date_time};
use crate::wire::{Access, Session, Setup, interrupts};

#[derive(Serialize)]
struct Taken<'a> {
    restore_points: &'a [RestorePoint],
    released: &'a [BackupId],
}

#[derive(Serialize)]
struct Pruned<'a> {
    restore_points: &'a [RestorePoint],
    released: &'a [BackupId],
    /// Base backups that were let go of.
    base_backups: &'a [BaseBackup],
}

/// Takes a restore point of every database named, or of all that are backed up.
pub(super) async fn create(global: &Global, typed: &[String], ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let is_backed_up =
        |name: &DatabaseName| setup.environment.databases.get(name).is_some_and(|found| found.backup.is_some());
    let names: Vec<_> =
        databases(&setup, typed)?.into_iter().filter(|name| !typed.is_empty() || is_backed_up(name)).collect();
    if names.is_empty() {
        return Err(CliError::usage("no database says where its restore points are kept")
            .hint("add `backup: { store: \"file:backups/\" }` to it"));
    }
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let session = Session::begin(&setup, &world, "backup create").await?;
    let work = async {
        let mut points = Vec::new();
        for name in &names {
            points.push(back_up(&world, session.lease(), name).await?);
        }
        let released = prune_backups(&world, session.lease(), None).await?;
        Ok::<_, EngineError>((points, released))
    };
    let done = session.run(work).await;
    narrator.finish();
    session.finish().await;
    let (points, released) = done?;
    told(ui, &points, &released)
}

/// Registers a dump of another tool.
pub(super) async fn import(
    global: &Global,
    (file, newest): (&Path, bool),
    typed: Option<&str>,
    ui: Ui,
) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let name = one_database(&setup, typed)?;
    let is_elsewhere = file.to_str().is_some_and(|file| file.starts_with("s3://"));
    if newest && !is_elsewhere {
        return Err(CliError::usage(format!("`--newest` looks in S3, and {} is a file", file.display()))
            .hint("write `--newest s3://BUCKET/PREFIX`, or name the file alone"));
    }
    let path = if is_elsewhere { file.to_owned() } else { setup.process.folder.join(file) };
    let Some(path) = path.to_str() else {
        return Err(CliError::usage(format!("the name of {} is not UTF-8", path.display())));
    };
    let dump = if newest { ForeignDump::NewestUnder(path) } else { ForeignDump::At(path) };
    let narrator = Arc::new(Narrator::new(ui));
    let world = setup.world(None, narrator.clone(), interrupts()?)?;
    let session = Session::begin(&setup, &world, "backup import").await?;
    let point = session.run(import_backup(&world, session.lease(), &name, dump)).await;
    narrator.finish();
    session.finish().await;
    let point = point?;
    for object in point.objects.iter().filter(|_| is_elsewhere) {
        ui.say(&format!("registered {}{}, written {}", point.store, object.name, date_time(point.taken_at)));
    }
    told(ui, &[point], &[])
}

fn told(ui: Ui, points: &[RestorePoint], released: &[BackupId]) -> Result<ExitCode, CliError> {
    if ui.json {
        ui.document(&Taken { restore_points: points, released })?;
    } else {
        points.iter().for_each(|point| ui.data(&point_text(point)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes old restore points, and old base backups that none of those that stay needs.
pub(super) async fn prune(global: &Global, keep: Option<u32>, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Write)?;
    let hand = Hand::begin(&setup, "backup prune").await?;
    let work = async {
        let released = hand.prune(keep).await?;
        let bases = base::prune(&setup, &hand, &points(&setup).await?, keep).await?;
        Ok::<_, CliError>((released, bases))
    };
    let done = work.await;
    hand.finish().await;
    let (released, bases) = done?;
    if ui.json {
        ui.document(&Pruned { restore_points: &[], released: &released, base_backups: &bases })?;
    } else {
        released.iter().for_each(|id| ui.data(id.as_str()));
        bases.iter().for_each(|base| ui.data(&base.name));
    }
    Ok(ExitCode::SUCCESS)
}
