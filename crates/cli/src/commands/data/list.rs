//! `backout backup list` and `show`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use backout_core::data::{BaseBackup, KeptDatabase, Manifest, RestorePoint};
use backout_core::port::{Blobs, Clock};
use backout_core::report::{bytes_text, point_text, rows_text};
use backout_engine::clock::SystemClock;
use serde::Serialize;

use super::base;
use super::named::{point, points};
use crate::args::Global;
use crate::error::CliError;
use crate::ui::{Paint, Ui, count, date_time, table};
use crate::wire::{Access, Setup, databases};

/// How long a server may take to say what it keeps: restore points are listed without it.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct PointList<'a> {
    restore_points: &'a [RestorePoint],
    /// Base backups of whole servers, newest first.
    base_backups: &'a [BaseBackup],
    /// Databases that rollbacks, or the undoing of one, have put aside.
    kept: &'a [KeptDatabase],
    /// Why it is not known what else is kept, a sentence for each database that could not be asked.
    unknown: &'a [String],
}

#[derive(Serialize)]
struct PointDocument<'a> {
    restore_point: &'a RestorePoint,
    manifest: Option<&'a Manifest>,
}

/// Lists the restore points of the environment, newest first.
pub(super) async fn list(global: &Global, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let mut points = points(&setup).await?;
    points.reverse();
    let (kept, unknown) = kept(&setup).await;
    let bases = base::list(&setup).await?;
    if ui.json {
        ui.document(&PointList { restore_points: &points, base_backups: &bases, kept: &kept, unknown: &unknown })?;
        return Ok(ExitCode::SUCCESS);
    }
    if points.is_empty() {
        ui.say(&format!("`{}` has no restore points yet; take one: `backout backup create`", setup.environment.name));
    } else {
        let rows: Vec<Vec<String>> = points.iter().map(row).collect();
        ui.data(&table(&["RESTORE POINT", "DATABASE", "TAKEN", "STORED", "OF", "VERIFIED", "KEPT IN"], &rows));
    }
    if !bases.is_empty() {
        let rows: Vec<Vec<String>> = bases.iter().map(base_row).collect();
        ui.data(&format!("\n{}", table(&["BASE BACKUP", "SIZE", "ENDED"], &rows)));
    }
    if !kept.is_empty() {
        let rows: Vec<Vec<String>> = kept.iter().map(kept_row).collect();
        ui.data(&format!("\n{}", table(&["PUT ASIDE", "SIZE", "SINCE", "KEPT UNTIL"], &rows)));
        ui.say("`backout backup drop-aside NAME` drops one that is needed no more");
    }
    unknown.iter().for_each(|why| ui.say(why));
    Ok(ExitCode::SUCCESS)
}

/// The databases that are kept on the servers, each once, though several of the configuration may be on one server.
async fn kept(setup: &Setup) -> (Vec<KeptDatabase>, Vec<String>) {
    let (mut kept, mut unknown) = (Vec::new(), Vec::new());
    for (name, postgres) in databases(setup) {
        let found = tokio::select! {
            found = postgres.kept() => found.map_err(|error| error.what),
            () = SystemClock.sleep(ANSWERS_WITHIN) => Err(format!("no answer within {} s", ANSWERS_WITHIN.as_secs())),
        };
        match found {
            Ok(found) => kept.extend(found),
            Err(why) => unknown.push(format!("what is kept beside `{name}` is not known: {why}")),
        }
    }
    let mut seen = BTreeSet::new();
    kept.retain(|kept| seen.insert((kept.dbname.clone(), kept.oid, kept.since)));
    (kept, unknown)
}

fn base_row(base: &BaseBackup) -> Vec<String> {
    vec![base.name.clone(), bytes_text(base.bytes), date_time(base.ended_at)]
}

fn kept_row(kept: &KeptDatabase) -> Vec<String> {
    vec![kept.dbname.clone(), bytes_text(kept.bytes), date_time(kept.since), date_time(kept.until)]
}

fn row(point: &RestorePoint) -> Vec<String> {
    vec![
        point.id.to_string(),
        point.database.to_string(),
        date_time(point.taken_at),
        bytes_text(stored(point)),
        bytes_text(point.database_bytes),
        point.verified.map_or_else(|| "no".to_owned(), |level| level.to_string()),
        point.store.clone(),
    ]
}

fn stored(point: &RestorePoint) -> u64 {
    point.objects.iter().map(|object| object.bytes).sum()
}

/// Shows one with what it holds.
pub(super) async fn show(global: &Global, typed: &str, ui: Ui) -> Result<ExitCode, CliError> {
    let setup = Setup::open(global, ui, Access::Read)?;
    let point = point(&setup, typed).await?;
    let manifest: Option<Manifest> = match setup.blobs.get(&point.manifest).await {
        Ok(bytes) => serde_json::from_slice(&bytes).ok(),
        Err(_) => None,
    };
    if ui.json {
        ui.document(&PointDocument { restore_point: &point, manifest: manifest.as_ref() })?;
    } else {
        ui.data(&text(&point, manifest.as_ref()));
    }
    Ok(ExitCode::SUCCESS)
}

fn text(point: &RestorePoint, manifest: Option<&Manifest>) -> String {
    let mut lines = vec![Paint::strong(&point_text(point)), format!("taken {}", date_time(point.taken_at))];
    lines.extend(point.run.as_ref().map(|run| format!("taken by {run}")));
    lines.extend(point.restore_name.as_ref().map(|name| format!("the moment is named `{name}` in the server's log")));
    for object in &point.objects {
        lines.push(format!("  {} ({}, sha256 {})", object.name, bytes_text(object.bytes), object.sha256));
    }
    let Some(manifest) = manifest else {
        lines.push("what it holds is not known: its manifest cannot be read".to_owned());
        return lines.join("\n");
    };
    for ledger in &manifest.ledgers {
        let last = ledger.applied.last().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        lines.push(format!("{}: {}, the last {last}", ledger.framework, count(ledger.applied.len(), "migration")));
    }
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    lines.push(String::new());
    lines.push(format!("{} with {}", count(manifest.tables.len(), "table"), rows_text(rows)));
    let rows: Vec<Vec<String>> =
        manifest.tables.iter().map(|table| vec![table.name.to_string(), table.rows.to_string()]).collect();
    lines.push(table(&["TABLE", "ROWS"], &rows));
    lines.join("\n")
}
