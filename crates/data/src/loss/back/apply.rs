//! Puts rows of a file back, one transaction for each group of tables that foreign keys tie together.
//!
//! Contract: what a row comes to is decided by [`merge`] on the row in use, which is locked until the end. Before a group is
//! committed, the way back of everything that it wrote is durable: a file of rows of the same form, or rows of a table that
//! commits with it. A dry run does all of it and commits nothing, so it meets every conflict that the real run would.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backout_core::data::{LostRow, ObjectName, Operation, Values, Verdict, merge};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::reimport::{Conflict, ReimportOptions, TableReimport};
use super::statements::{self, Cascade};
use super::writer::{Decided, Outcome, Writer};
use crate::loss::rows::lines::{Lines, Report, Section};
use crate::loss::rows::shape::Shape;
use crate::loss::rows::side::{Found, key_of, look_up};
use crate::loss::rows::sql;
use crate::loss::rows::walk::BATCH;
use crate::words::failed;

/// One group that is being put back, in a transaction of `client`.
pub(super) struct Group<'a> {
    pub(super) client: &'a Client,
    pub(super) shapes: &'a BTreeMap<ObjectName, Shape>,
    pub(super) cascades: &'a BTreeMap<ObjectName, Vec<Cascade>>,
    pub(super) options: &'a ReimportOptions,
    /// What takes it back.
    pub(super) undo: Lines,
    /// Rows that were not written.
    pub(super) conflicts: &'a mut Lines,
    /// What became of each table.
    pub(super) tables: BTreeMap<ObjectName, TableReimport>,
    /// Rows that wait for others.
    pub(super) pending: Vec<(Operation, Decided)>,
}

impl Group<'_> {
    /// Puts the rows of `sections` back: they stand in the order in which inserts must come.
    pub(super) async fn apply(&mut self, report: &Report, sections: &[&Section]) -> Result<(), PortError> {
        for section in sections {
            self.section(report, section, false).await?;
        }
        for section in sections.iter().rev() {
            self.section(report, section, true).await?;
        }
        self.retry().await
    }

    /// Either the deletes of a section, or everything else.
    async fn section(&mut self, report: &Report, section: &Section, deletes: bool) -> Result<(), PortError> {
        let mut batch = Vec::new();
        for row in report.rows(section)? {
            let row = row?;
            if (row.op == Operation::Deleted) != deletes {
                continue;
            }
            if row.xid.is_some_and(|xid| self.options.exclude.contains(&xid)) {
                self.table(&section.table).excluded += 1;
                continue;
            }
            batch.push(row);
            if batch.len() == BATCH {
                self.batch(&section.table, std::mem::take(&mut batch)).await?;
            }
        }
        self.batch(&section.table, batch).await
    }

    async fn batch(&mut self, table: &ObjectName, rows: Vec<LostRow>) -> Result<(), PortError> {
        let Some(first) = rows.first() else { return Ok(()) };
        let Some(shape) = self.shapes.get(table).map(|shape| shape.only(first)) else {
            for lost in rows {
                self.refuse(Decided { lost, in_use: None }, "the table is not in the database in use")?;
            }
            return Ok(());
        };
        let rows: Vec<LostRow> = rows.into_iter().map(|row| restricted(row, &shape)).collect();
        let mut decided: BTreeMap<Operation, Vec<Decided>> = BTreeMap::new();
        for (lost, in_use, verdict) in self.decide(&shape, rows).await? {
            let row = Decided { lost, in_use };
            match verdict {
                Verdict::Same => self.table(table).same += 1,
                Verdict::Listed => self.table(table).listed += 1,
                Verdict::Insert => decided.entry(Operation::Inserted).or_default().push(row),
                Verdict::Update => decided.entry(Operation::Updated).or_default().push(row),
                Verdict::Delete => decided.entry(Operation::Deleted).or_default().push(row),
                Verdict::Conflict(why) => self.refuse(row, why)?,
            }
        }
        for (op, rows) in decided {
            self.write(op, &shape, rows).await?;
        }
        Ok(())
    }

    async fn decide(
        &self,
        shape: &Shape,
        rows: Vec<LostRow>,
    ) -> Result<Vec<(LostRow, Option<Values>, Verdict)>, PortError> {
        if shape.key.is_empty() {
            let alike = match shape.columns.as_slice() {
                // A row without values is like every other.
                [] => (0..rows.len()).collect(),
                _ => alike(self.client, shape, &rows).await?,
            };
            let verdict = |(place, row): (usize, LostRow)| {
                let verdict = match row.op {
                    Operation::Inserted if !alike.contains(&place) => Verdict::Insert,
                    Operation::Inserted => {
                        Verdict::Conflict("its table has no primary key, and a row like it is there")
                    }
                    _ => Verdict::Listed,
                };
                (row, None, verdict)
            };
            return Ok(rows.into_iter().enumerate().map(verdict).collect());
        }
        let keys: Vec<Vec<String>> = rows.iter().map(|row| key_of(shape, &row.key)).collect();
        let question = sql::look_up(shape, None, true);
        let mut found: HashMap<usize, Found> = look_up(self.client, shape, &question, &keys).await?;
        let verdict = |(place, row): (usize, LostRow)| {
            let in_use = found.remove(&place).map(|found| found.values);
            let verdict = merge(&row, in_use.as_ref(), self.options.with_deletes);
            (row, in_use, verdict)
        };
        Ok(rows.into_iter().enumerate().map(verdict).collect())
    }

    async fn write(&mut self, op: Operation, shape: &Shape, rows: Vec<Decided>) -> Result<(), PortError> {
        let cascades = self.cascades.get(&shape.name).map(Vec::as_slice).unwrap_or_default();
        let writer = Writer { client: self.client, shape, cascades };
        for outcome in writer.write(op, rows).await? {
            match outcome {
                Outcome::Written(row) => self.written(op, row)?,
                Outcome::Pending(row) => self.pending.push((op, row)),
                Outcome::Refused(row, why) => self.refuse(row, &why)?,
            }
        }
        Ok(())
    }

    /// Tries rows that wait for others, until none of them moves.
    async fn retry(&mut self) -> Result<(), PortError> {
        loop {
            let waiting = std::mem::take(&mut self.pending);
            let before = waiting.len();
            for (op, row) in waiting {
                if let Some(shape) = self.shapes.get(&row.lost.table).map(|shape| shape.only(&row.lost)) {
                    self.write(op, &shape, vec![row]).await?;
                }
            }
            if self.pending.len() == before {
                break;
            }
        }
        for (_, row) in std::mem::take(&mut self.pending) {
            self.refuse(row, "a row that it refers to is not there, or one that refers to it is")?;
        }
        Ok(())
    }

    fn written(&mut self, op: Operation, row: Decided) -> Result<(), PortError> {
        let table = self.table(&row.lost.table);
        match op {
            Operation::Inserted => table.inserted += 1,
            Operation::Updated => table.updated += 1,
            Operation::Deleted => table.deleted += 1,
        }
        // What it was is what was in use, which is its base or nothing.
        self.undo.push(&LostRow { op, was: row.in_use, certain: true, ..row.lost }.reversed())
    }

    fn refuse(&mut self, row: Decided, why: &str) -> Result<(), PortError> {
        self.table(&row.lost.table).conflicts += 1;
        self.conflicts.push(&Conflict { lost: row.lost, in_use: row.in_use, why: why.to_owned() })
    }

    fn table(&mut self, name: &ObjectName) -> &mut TableReimport {
        self.tables.entry(name.clone()).or_insert_with(|| TableReimport::new(name))
    }
}

/// The same row with only the columns of `shape`: others are no more.
fn restricted(row: LostRow, shape: &Shape) -> LostRow {
    let names: BTreeSet<&str> = shape.columns.iter().map(|column| column.name.as_str()).collect();
    let only = |values: Values| values.into_iter().filter(|(name, _)| names.contains(name.as_str())).collect();
    LostRow { row: row.row.map(only), was: row.was.map(only), ..row }
}

/// The places of rows that a table without a key has already.
async fn alike(client: &Client, shape: &Shape, rows: &[LostRow]) -> Result<BTreeSet<usize>, PortError> {
    let wrong = |error| failed(&format!("could not look rows of `{}` up", shape.name), &error);
    let value = |row: &LostRow, name: &str| row.row.as_ref().and_then(|row| row.get(name).cloned().flatten());
    let arrays: Vec<Vec<Option<String>>> =
        shape.columns.iter().map(|column| rows.iter().map(|row| value(row, &column.name)).collect()).collect();
    let arrays: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        arrays.iter().map(|array| array as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
    let found = client.query(&statements::alike(shape), &arrays).await.map_err(wrong)?;
    let place = |row: &tokio_postgres::Row| usize::try_from(row.get::<_, i64>(0)).ok()?.checked_sub(1);
    Ok(found.iter().filter_map(place).collect())
}
