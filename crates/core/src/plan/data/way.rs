//! The rungs of the ladder: whether each leads back, and by which acts.
//!
//! | rung | enough where |
//! |---|---|
//! | code only | the target's release can run on today's schema, and no row is damaged |
//! | soft-restore | no row is damaged, and renaming back what was soft-dropped makes that so |
//! | reverse migrations | no row is damaged, and every migration since has a way back that stops at the target's ledger |
//! | undo rows, tables | asked for, and the tables are made as they were |
//! | side by side | a restore point is stored and verified, and is a dump |
//! | point in time | recovery is configured, and there is a moment: asked for, of the restore point, or of the target |
//! | in place | asked for by name, else as side by side |

use std::collections::BTreeMap;

use super::case::Case;
use super::need::Need;
use super::{migrations, rows};
use crate::data::{DataAct, PointKind, Preserve, RecoveryTarget, RestorePoint, RestoreSource, Rung, Schema};
use crate::migrate::{Compatibility, compatibility};
use crate::policy::RefusalName;

/// A way back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Way {
    /// Why it is enough.
    pub(super) why: String,
    /// Done while the application runs.
    pub(super) beside: Vec<DataAct>,
    /// Done before any service is stopped.
    pub(super) before: Vec<DataAct>,
    /// Done while those who write to the database are stopped.
    pub(super) fenced: Vec<DataAct>,
    /// Done at the very end.
    pub(super) after: Vec<DataAct>,
    /// The schema that there will be, where it is another than today's.
    pub(super) schema: Option<Schema>,
}

impl Way {
    /// Whether it leads to a restore point, so that what was written since is known.
    pub(super) fn has_point(&self) -> bool {
        let of = |act: &DataAct| matches!(act, DataAct::RestoreBeside { source, .. } if source.point().is_some());
        self.beside.iter().any(of)
    }
}

/// The way of a rung; why there is none.
pub(super) fn way(rung: Rung, case: &Case<'_>, need: &Need) -> Result<Way, String> {
    let is_asked = case.asked() == Some(rung);
    match rung {
        Rung::CodeOnly => code_only(need),
        // Rows that are wrong stay wrong, whatever is done to the schema.
        Rung::SoftRestore | Rung::ReverseMigrations if need.is_damaged() && !is_asked => {
            Err("it does not mend rows".to_owned())
        }
        Rung::SoftRestore => soft_restore(case),
        Rung::ReverseMigrations => migrations::reverse(case),
        Rung::UndoRows | Rung::Tables | Rung::InPlace if !is_asked => {
            Err(format!("it is taken only where it is asked for: `--rung {rung}`"))
        }
        Rung::UndoRows => rows::undo(case),
        Rung::Tables => rows::tables(case),
        Rung::SideBySide => side_by_side(case),
        Rung::PointInTime => point_in_time(case),
        Rung::InPlace => in_place(case),
    }
}

fn code_only(need: &Need) -> Result<Way, String> {
    match &need.runs {
        Some(why) if !need.is_damaged() => Ok(Way { why: why.clone(), ..Way::default() }),
        _ => Err(need.why()),
    }
}

fn soft_restore(case: &Case<'_>) -> Result<Way, String> {
    if case.state.soft_dropped.is_empty() {
        return Err("nothing was soft-dropped".to_owned());
    }
    let Some(then) = case.database.schema_then else {
        return Err("the schema of the target is not known".to_owned());
    };
    let (objects, schema) = brought_back(&case.state.soft_dropped, then, &case.state.schema);
    if objects.is_empty() {
        return Err("what was soft-dropped is not what the target has and today's schema lacks".to_owned());
    }
    let none = BTreeMap::new();
    match compatibility(then, &schema, &case.since(&none)) {
        Compatibility::Compatible { .. } => {
            let why = "what was soft-dropped brings the schema back".to_owned();
            let before = vec![DataAct::SoftRestore { objects }];
            Ok(Way { why, before, schema: Some(schema), ..Way::default() })
        }
        Compatibility::Incompatible { why } | Compatibility::Unknown { why } => {
            Err(format!("what was soft-dropped is not all that is missing: {}", why.join("; ")))
        }
    }
}

/// What of the soft-dropped the target has and the schema of now lacks, and the schema with it.
fn brought_back(dropped: &[Preserve], then: &Schema, now: &Schema) -> (Vec<Preserve>, Schema) {
    let (mut objects, mut schema) = (Vec::new(), now.clone());
    for object in dropped {
        let is_back = match object {
            Preserve::Column { table, column, kept_as } => {
                let was = then.table(table).and_then(|t| t.columns.iter().find(|it| it.name == *column));
                let found = schema.tables.iter_mut().find(|it| it.name == *table);
                was.zip(found).is_some_and(|(was, table)| {
                    let is_free = !table.columns.iter().any(|it| it.name == *column);
                    let kept = table.columns.iter_mut().find(|it| it.name == kept_as.name);
                    kept.filter(|_| is_free).map(|kept| *kept = was.clone()).is_some()
                })
            }
            Preserve::Table { table, .. } => then.table(table).is_some_and(|was| {
                let is_free = schema.table(table).is_none();
                if is_free {
                    schema.tables.push(was.clone());
                }
                is_free
            }),
            Preserve::Rows { .. } => false,
        };
        if is_back {
            objects.push(object.clone());
        }
    }
    (objects, schema)
}

fn side_by_side(case: &Case<'_>) -> Result<Way, String> {
    let (point, manifest) = case.usable()?;
    let source = dump(point)?;
    let why = format!("restore point `{}` is stored and verified", point.id);
    Ok(Way { schema: Some(manifest.schema.clone()), ..swapped(case, source, why) })
}

fn point_in_time(case: &Case<'_>) -> Result<Way, String> {
    if case.database.configured.recovery.is_none() {
        return Err("no recovery from the server's log is configured".to_owned());
    }
    let wished = case.request.data.moment.clone();
    let named = case.database.point.and_then(|point| Some((point, point.restore_name.clone()?)));
    let (target, point, why) = match (wished, named) {
        (Some(moment), _) => (moment, None, "this moment was asked for".to_owned()),
        (None, Some((point, name))) => {
            let why = format!("the server's log knows the moment of `{}`", point.id);
            (RecoveryTarget::Name { name }, Some(Box::new(point.clone())), why)
        }
        (None, None) => {
            let why = format!("the server's log reaches back to the time of `{}`", case.target.id);
            (RecoveryTarget::Time { at: case.target.taken_at }, None, why)
        }
    };
    let schema = case.database.manifest.filter(|_| point.is_some()).map(|manifest| manifest.schema.clone());
    Ok(Way { schema, ..swapped(case, RestoreSource::Log { target, point }, why) })
}

fn in_place(case: &Case<'_>) -> Result<Way, String> {
    let (point, manifest) = case.usable()?;
    let (live, run) = (case.state.dbname.clone(), case.database.suffix.to_owned());
    let act = DataAct::RestoreInPlace { source: dump(point)?, live, run };
    let (acts, kept) = match keeps_dump(case) {
        true => (vec![DataAct::KeepDump, act], "a restore point of it as it is is taken before"),
        false => (vec![act], "nothing of it is kept"),
    };
    let why = format!("it was asked for by name: the database is dropped first, and {kept}");
    Ok(Way { why, fenced: acts, schema: Some(manifest.schema.clone()), ..Way::default() })
}

/// Whether a database that is to be dropped is dumped before: there is a place for it, and nobody said that it need not be.
fn keeps_dump(case: &Case<'_>) -> bool {
    let is_waived = case.request.forced.contains(&RefusalName::DamagedNotKept);
    case.database.configured.backup.is_some() && !is_waived
}

pub(super) fn dump(point: &RestorePoint) -> Result<RestoreSource, String> {
    match point.kind {
        PointKind::Physical => Err(format!("restore point `{}` is a moment in the server's log, not a dump", point.id)),
        _ => Ok(RestoreSource::Dump { point: Box::new(point.clone()) }),
    }
}

fn swapped(case: &Case<'_>, source: RestoreSource, why: String) -> Way {
    let (copy, aside) = (case.copy(), case.aside());
    let point = source.point().map(|point| Box::new(point.clone()));
    let report = DataAct::ReportLoss { damaged: aside.clone(), point };
    let swap = swap(case, copy.clone(), aside);
    let beside = vec![DataAct::RestoreBeside { source, copy, tables: Vec::new() }];
    Way { why, beside, fenced: vec![swap], after: vec![report], ..Way::default() }
}

fn swap(case: &Case<'_>, copy: String, aside: String) -> DataAct {
    let keep_ms = u64::try_from(case.database.configured.keep_aside.as_millis()).unwrap_or(u64::MAX);
    let live = case.state.dbname.clone();
    DataAct::Swap { live, copy, aside, keep_ms, breaks_slots: case.request.data.breaks_slots }
}

/// The database that the last rollback put aside comes back; what took its place is put aside.
pub(super) fn swap_back(case: &Case<'_>) -> Result<Way, String> {
    let Some(put_aside) = case.database.put_aside else {
        return Err("no rollback has put a database aside that is still there".to_owned());
    };
    let aside = case.copy();
    let why = format!(
        "`{put_aside}` comes back, as was asked for; rows written since it was put aside are listed, and stay in `{aside}`, \
         which is kept"
    );
    let point = case.database.point.map(|point| Box::new(point.clone()));
    let report = DataAct::ReportLoss { damaged: aside.clone(), point };
    Ok(Way { why, fenced: vec![swap(case, put_aside.to_owned(), aside)], after: vec![report], ..Way::default() })
}
