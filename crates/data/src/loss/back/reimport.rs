//! Puts lost rows back beside what was written since.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use backout_core::data::{LostRow, ObjectName, Values, groups};
use backout_core::port::PortError;
use serde::{Deserialize, Serialize};

use super::apply::Group;
use super::commit;
use super::references::{cascades, references};
use crate::Target;
use crate::loss::rows::lines::{self, Lines, Report, Section};
use crate::loss::rows::shape::shapes;
use crate::loss::rows::sql;
use crate::words::failed;

/// What is put back, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReimportOptions {
    /// Does everything and commits nothing: every conflict is met, and no row is changed.
    pub dry_run: bool,
    /// Only these tables; empty is all.
    pub tables: Vec<ObjectName>,
    /// Whether rows that were deleted are deleted again; else they are only counted.
    pub with_deletes: bool,
    /// More rows than this are refused before anything is done.
    pub max_rows: Option<u64>,
    /// Whether the tables' own triggers stay silent; foreign keys hold all the same. Locks the tables against writes
    /// meanwhile.
    pub without_triggers: bool,
    /// Rows written by these transactions (`xid` in the report) are left out.
    pub exclude: Vec<u32>,
}

/// What putting back came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReimportReport {
    /// Whether nothing was committed.
    pub dry_run: bool,
    /// By table.
    pub tables: Vec<TableReimport>,
    /// The file with the rows that were not put back, each with the reason; `None` where there are none.
    pub conflicts: Option<String>,
    /// Files that take it back when they are put back in their turn, with deletes, last first.
    pub undo: Vec<String>,
    /// What the reader has to know, one sentence each.
    pub notes: Vec<String>,
}

impl ReimportReport {
    fn new(options: &ReimportOptions) -> Self {
        let silent = options.without_triggers.then(|| "triggers of the tables were silent".to_owned());
        let deletes = (!options.with_deletes).then(|| "rows that were deleted are only counted".to_owned());
        let notes = silent.into_iter().chain(deletes).collect();
        Self { dry_run: options.dry_run, tables: Vec::new(), conflicts: None, undo: Vec::new(), notes }
    }
}

/// What became of the rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReimport {
    /// The table.
    pub table: ObjectName,
    /// Rows put in.
    pub inserted: u64,
    /// Rows that got their values back.
    pub updated: u64,
    /// Rows deleted again.
    pub deleted: u64,
    /// Rows that were there as they were lost.
    pub same: u64,
    /// Rows that were deleted, and are only listed.
    pub listed: u64,
    /// Rows left out by their transaction.
    pub excluded: u64,
    /// Rows that were not written, and why is in the file.
    pub conflicts: u64,
}

impl TableReimport {
    pub(super) fn new(table: &ObjectName) -> Self {
        let table = table.clone();
        Self { table, inserted: 0, updated: 0, deleted: 0, same: 0, listed: 0, excluded: 0, conflicts: 0 }
    }
}

/// A row that was not put back: a line of the file of conflicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The row.
    #[serde(flatten)]
    pub lost: LostRow,
    /// What is in use under its key.
    pub in_use: Option<Values>,
    /// Why.
    pub why: String,
}

/// Puts the rows of a file back into the database in use.
///
/// # Errors
/// A file that cannot be read, more rows than wanted, a server that does not answer. What was committed before has its file
/// that takes it back.
pub(crate) async fn reimport(
    target: &Target,
    report: &Path,
    options: &ReimportOptions,
) -> Result<ReimportReport, PortError> {
    let dbname = target.admin_address().await?.dbname().to_owned();
    put_back(target, &dbname, (report, options), None).await
}

/// Puts the rows of a file back into `dbname`. What takes it back is kept in the schema `kept_in` where one is named, else in
/// files.
pub(super) async fn put_back(
    target: &Target,
    dbname: &str,
    (report, options): (&Path, &ReimportOptions),
    kept_in: Option<&str>,
) -> Result<ReimportReport, PortError> {
    let report = Report::open(report)?;
    let is_wanted = |section: &&Section| options.tables.is_empty() || options.tables.contains(&section.table);
    let sections: Vec<&Section> = report.sections.iter().filter(is_wanted).collect();
    within(options.max_rows, sections.iter().map(|section| section.rows).sum())?;
    let session = target.admin(dbname).await?;
    let wrong = |error| failed("could not prepare putting rows back", &error);
    // Triggers and defaults of the application find what they are used to find.
    session.batch_execute(&format!("{}; RESET search_path", sql::SETTINGS)).await.map_err(wrong)?;
    let (shapes, cascades) = (shapes(&session).await?, cascades(&session).await?);
    let tables: BTreeSet<ObjectName> = sections.iter().map(|section| section.table.clone()).collect();
    let stamp = target.clock.now().as_millisecond();
    let mut conflicts = Lines::create(&lines::report(target, &format!("conflicts-{dbname}-{stamp}")))?;
    let mut done = ReimportReport::new(options);
    for (number, group) in (1..).zip(groups(&tables, &references(&session).await?)) {
        let of = |name: &ObjectName| {
            let name = name.clone();
            sections.iter().copied().filter(move |section| section.table == name)
        };
        let sections: Vec<&Section> = group.iter().flat_map(of).collect();
        let undo = Lines::create(&lines::report(target, &format!("undo-{dbname}-{stamp}-{number}")))?;
        let (client, conflicts, tables) = (&*session, &mut conflicts, BTreeMap::new());
        let (shapes, cascades) = (&shapes, &cascades);
        let group = Group { client, shapes, cascades, options, undo, conflicts, tables, pending: Vec::new() };
        commit::run(group, (&report, &sections), kept_in, &mut done).await?;
    }
    if conflicts.count() > 0 {
        done.conflicts = Some(conflicts.finish()?.display().to_string());
    }
    Ok(done)
}

fn within(max_rows: Option<u64>, rows: u64) -> Result<(), PortError> {
    match max_rows {
        Some(most) if rows > most => {
            Err(PortError::new(format!("the file has {rows} rows, and at most {most} are wanted"))
                .hint("name tables, or allow more rows"))
        }
        _ => Ok(()),
    }
}
