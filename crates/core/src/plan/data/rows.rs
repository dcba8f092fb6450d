//! The rungs that touch rows only: undoing changes, and replacing tables.

use super::case::Case;
use super::way::{Way, dump};
use crate::data::{DataAct, Manifest, ObjectName, RestorePoint};
use crate::migrate::kept_in;

/// Rows that were changed or deleted since get their values back.
pub(super) fn undo(case: &Case<'_>) -> Result<Way, String> {
    let (point, manifest) = case.usable()?;
    let tables = match named(case, manifest)? {
        tables if tables.is_empty() => written(case, manifest),
        tables => tables,
    };
    let keyless = |table: &&ObjectName| manifest.tables.iter().any(|it| it.name == **table && it.key.is_empty());
    if let Some(table) = tables.iter().find(keyless) {
        return Err(format!("`{table}` has no primary key to know its rows by"));
    }
    as_they_were(case, manifest, &tables)?;
    if tables.is_empty() {
        return Err("no table was written to since".to_owned());
    }
    let copy = case.copy();
    let act = DataAct::UndoRows { copy, tables: tables.clone() };
    let why = format!("rows of {} get the values of `{}` back; rows inserted since stay", listed(&tables), point.id);
    beside(case, point, &tables, act, why)
}

/// The content of tables is replaced by that of the restore point.
pub(super) fn tables(case: &Case<'_>) -> Result<Way, String> {
    let (point, manifest) = case.usable()?;
    let tables = named(case, manifest)?;
    if tables.is_empty() {
        return Err("no table is named: `--table NAME`".to_owned());
    }
    as_they_were(case, manifest, &tables)?;
    let (copy, kept_in) = (case.copy(), kept_in(case.database.suffix));
    let act = DataAct::ReplaceTables { copy, tables: tables.clone(), kept_in };
    let why = format!("{} come back from `{}`; what they hold now is kept", listed(&tables), point.id);
    beside(case, point, &tables, act, why)
}

fn beside(
    case: &Case<'_>,
    point: &RestorePoint,
    tables: &[ObjectName],
    act: DataAct,
    why: String,
) -> Result<Way, String> {
    let copy = case.copy();
    let restore = DataAct::RestoreBeside { source: dump(point)?, copy: copy.clone(), tables: tables.to_vec() };
    Ok(Way { why, beside: vec![restore], before: vec![act, DataAct::DropCopy { copy }], ..Way::default() })
}

/// The tables that were named, each of which the restore point has.
fn named(case: &Case<'_>, manifest: &Manifest) -> Result<Vec<ObjectName>, String> {
    let find = |name: &String| {
        let found = manifest
            .tables
            .iter()
            .map(|table| &table.name)
            .find(|table| table.to_string() == *name || format!("{}.{}", table.schema, table.name) == *name);
        found.cloned().ok_or_else(|| format!("restore point `{}` has no table `{name}`", manifest.backup))
    };
    case.request.data.tables.iter().map(find).collect()
}

/// The tables that were written to since, else all that have a key.
fn written(case: &Case<'_>, manifest: &Manifest) -> Vec<ObjectName> {
    match case.database.estimate {
        Ok(estimate) => estimate.tables.iter().map(|table| table.table.clone()).collect(),
        Err(_) => manifest.tables.iter().filter(|it| !it.key.is_empty()).map(|it| it.name.clone()).collect(),
    }
}

/// Rows only fit into tables that are made as they were.
fn as_they_were(case: &Case<'_>, manifest: &Manifest, tables: &[ObjectName]) -> Result<(), String> {
    let is_other = |table: &&ObjectName| manifest.schema.table(table) != case.state.schema.table(table);
    match tables.iter().find(is_other) {
        Some(table) => Err(format!("`{table}` is not made as it was, so its rows of then do not fit")),
        None => Ok(()),
    }
}

fn listed(tables: &[ObjectName]) -> String {
    tables.iter().map(|table| format!("`{table}`")).collect::<Vec<_>>().join(", ")
}
