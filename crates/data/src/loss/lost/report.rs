//! The exact list of what a rollback took away, found after the swap.
//!
//! **Why it is complete.** Every write that was acknowledged before the swap is in the damaged database: it was frozen with
//! its last commit. For each of its rows either the database in use has an equal one, or the row is listed: young row versions
//! are a superset of what was inserted and updated, and where they are not to be trusted all rows are compared. A row that the
//! restore point had and the damaged database has not was deleted, and is listed unless counting proves that there is none.
//!
//! **Why it is exact while applications write on.** Nobody could write to the database in use before it was given its name and
//! opened, and that is a transaction with a number: a row version that is older is the restore point's own (`untouched`),
//! a younger one was written since. Rows of the latter are never taken for rows of the restore point; where one stands in the
//! way of knowing, the lost row is listed as uncertain. Both databases are read in one snapshot each.

use backout_core::data::{LossReport, LostRow, Method, Operation, RestorePoint, TableHistory, Values};
use backout_core::port::{DataDone, PortError, Ports};
use futures_util::TryStreamExt;
use tokio::time::Instant;

use super::known::{Boundary, Known, known};
use super::table::{Table, Told};
use super::touched::Touched;
use crate::Target;
use crate::loss::rows::lines::{self, Lines};
use crate::loss::rows::shape::Shape;
use crate::loss::rows::side::{Side, named_key, values, xid};
use crate::loss::rows::sql;
use crate::words::failed;

/// Lists what `damaged` has and the database in use has not.
pub(in crate::loss) async fn perform(
    target: &Target,
    damaged: &str,
    point: Option<&RestorePoint>,
    ports: Ports<'_>,
) -> Result<DataDone, PortError> {
    let began = Instant::now();
    let live = target.admin_address().await?.dbname().to_owned();
    let mut report = LossReport {
        damaged: damaged.to_owned(),
        tables: Vec::new(),
        not_compared: Vec::new(),
        file: None,
        methods: Vec::new(),
        notes: Vec::new(),
        took_ms: 0,
    };
    let known = known(target, (damaged, &live), point, ports.blobs, &mut report.notes).await?;
    let mut lines = Lines::create(&file(target, damaged, point))?;
    let mut listing = Listing { target, live, damaged: damaged.to_owned(), known, report };
    listing.list(&mut lines, ports).await?;
    let mut report = listing.report;
    let rows = lines.count();
    report.file = Some(lines.finish()?.display().to_string());
    report.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let tables = report.tables.len();
    let seen = format!("{rows} lost rows in {tables} tables are listed, found in {} ms", report.took_ms);
    Ok(DataDone { seen, loss: Some(report), ..DataDone::default() })
}

/// Where the rows of a report are.
pub(super) fn file(target: &Target, damaged: &str, point: Option<&RestorePoint>) -> std::path::PathBuf {
    let point = point.map(|point| format!("-{}", point.id)).unwrap_or_default();
    lines::report(target, &format!("loss-{damaged}{point}"))
}

/// Whether the list was made.
pub(in crate::loss) fn is_there(target: &Target, damaged: &str, point: Option<&RestorePoint>) -> (bool, String) {
    let file = file(target, damaged, point);
    match file.is_file() {
        true => (true, format!("the lost rows are listed in {}", file.display())),
        false => (false, "the lost rows are not listed yet".to_owned()),
    }
}

/// A report that is being made.
struct Listing<'a> {
    target: &'a Target,
    live: String,
    damaged: String,
    known: Known,
    report: LossReport,
}

impl Listing<'_> {
    async fn open(&self) -> Result<(Side, Side), PortError> {
        let live = async {
            match self.known.boundary {
                Boundary::Entry => Side::open_with_boundary(self.target, &self.live).await,
                Boundary::At(xid) => Ok(Side { boundary: Some(xid), ..Side::open(self.target, &self.live).await? }),
                Boundary::Unknown => Side::open(self.target, &self.live).await,
            }
        };
        tokio::try_join!(Side::open(self.target, &self.damaged), live)
    }

    async fn list(&mut self, lines: &mut Lines, ports: Ports<'_>) -> Result<(), PortError> {
        let mut sides = self.open().await?;
        let shapes: Vec<Shape> = sides.0.shapes.values().cloned().collect();
        let of = u64::try_from(shapes.len()).ok();
        for (done, shape) in (0..).zip(&shapes) {
            ports.progress.moved("tables compared", done, of);
            match self.table(&sides, shape, lines).await {
                Ok(told) => self.record(told),
                Err(error) => {
                    self.report.not_compared.push((shape.name.clone(), error.to_string()));
                    // A statement that failed has ended the transaction that its session was in.
                    sides = self.open().await?;
                }
            }
        }
        for name in sides.1.shapes.keys().filter(|name| !sides.0.shapes.contains_key(*name)) {
            self.report.notes.push(format!("table `{name}` is not in the damaged database: it is back as it was"));
        }
        Ok(())
    }

    async fn table(&self, sides: &(Side, Side), shape: &Shape, lines: &mut Lines) -> Result<Told, PortError> {
        let Some(other) = sides.1.shapes.get(&shape.name) else {
            return new_table(&sides.0, shape, lines).await;
        };
        let content = self.known.contents.get(&shape.name);
        let history = TableHistory {
            numbers_hold: self.known.since.is_some(),
            is_in_manifest: content.is_some(),
            is_rewritten: content.is_some_and(|content| content.relfilenode != shape.relfilenode),
            is_since_opened: self.known.is_since_opened,
        };
        let since = self.known.since.filter(|_| history.method() == Method::RowVersions);
        let shapes = (shape.shared(other), other.shared(shape));
        let has_key = !shapes.0.key.is_empty();
        let (damaged, live) = (&sides.0, &sides.1);
        let touched = match &self.known.earlier {
            Some(earlier) => Touched::listed(earlier, &shape.name)?.unwrap_or_default(),
            None => Touched::default(),
        };
        let table = Table { damaged, live, shapes, base: content.map(|content| content.rows), touched };
        match (since, has_key) {
            (Some(since), true) => table.by_versions(since, lines).await,
            (Some(since), false) => table.bag_by_versions(since, lines).await,
            (None, true) => table.by_comparison(lines).await,
            (None, false) => table.bag(lines).await,
        }
    }

    fn record(&mut self, told: Told) {
        let (loss, report) = (told.loss, &mut self.report);
        if told.doubtful > 0 {
            report.notes.push(format!(
                "{} rows of `{}` that only the database in use has were written there: they may have been deleted in the one \
                 put aside and are listed as `deleted`, not `certain`",
                told.doubtful, loss.table
            ));
        }
        if !report.methods.contains(&loss.method) {
            report.methods.push(loss.method);
        }
        if loss.inserted + loss.updated + loss.deleted > 0 {
            report.tables.push(loss);
        }
    }
}

/// A table that only the damaged database has: every row of it is lost.
async fn new_table(damaged: &Side, shape: &Shape, lines: &mut Lines) -> Result<Told, PortError> {
    let wrong = |error| failed(&format!("could not read `{}` in `{}`", shape.name, damaged.dbname), &error);
    let mut told = Told::new(&shape.name, Method::Comparison, Some(Touched::default()));
    let none: [&str; 0] = [];
    let rows = damaged.stream.query_raw(&sql::rows(shape, "true"), none).await.map_err(wrong)?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await.map_err(wrong)? {
        let (xid, row): (_, Values) = (xid(&row, 0), values(shape, &row, 1));
        let (table, key) = (shape.name.clone(), named_key(shape, &row));
        let op = Operation::Inserted;
        told.push(&LostRow { table, op, key, row: Some(row), was: None, certain: true, xid }, lines)?;
    }
    Ok(told)
}
