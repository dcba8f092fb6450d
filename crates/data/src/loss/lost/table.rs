//! Finds what one table lost, row by row, by its key.
//!
//! *Row versions*: a transaction that the restore point did not see has a number not below its snapshot's, so every surviving
//! insert and update is among the row versions that are not older than that number. Each is looked up in use and told
//! (`backout_core::data::tell`), so those that the snapshot did see fall out as equal. Deletes leave no row version; counting
//! proves that there are none ([`Census`]), else the keys of both databases are walked side by side, those of a large table
//! only where the server says that they differ ([`Ranges`]).
//!
//! *Comparison*: where numbers mean nothing (a table that was rewritten, another server), the walk compares rows by hash.

use backout_core::data::{Census, LostRow, Method, ObjectName, Operation, TableLoss, Values, tell};
use backout_core::port::PortError;
use futures_util::{StreamExt, TryStreamExt};
use tokio_postgres::Row;

use super::touched::Touched;
use crate::loss::rows::lines::Lines;
use crate::loss::rows::ranges::Ranges;
use crate::loss::rows::shape::Shape;
use crate::loss::rows::side::{Found, Side, key_of, named_key, values, xid};
use crate::loss::rows::sql;
use crate::loss::rows::walk::{BATCH, Stops, Walk};
use crate::words::failed;

/// Young rows that are held while the rows in use are counted: enough for both to run at once, little enough for memory.
const HELD: usize = 20_000;

/// From so many rows on it is worth finding out first where keys differ.
const LARGE: u64 = 100_000;

/// One table in both databases.
pub(super) struct Table<'a> {
    pub(super) damaged: &'a Side,
    pub(super) live: &'a Side,
    /// The table as each of them has it, as far as both have it.
    pub(super) shapes: (Shape, Shape),
    /// How many rows it had at the restore point, where that is known.
    pub(super) base: Option<u64>,
    /// What the one in use had changed before it was opened, as far as that was listed.
    pub(super) touched: Touched,
}

/// What one table lost, and what is to be said about it.
pub(super) struct Told {
    pub(super) loss: TableLoss,
    /// Rows that may have been deleted, for all that is known.
    pub(super) doubtful: u64,
    /// The base rows that are not in use as they were; `None` where nobody knows.
    pub(super) touched: Option<Touched>,
}

impl Told {
    pub(super) fn new(table: &ObjectName, method: Method, touched: Option<Touched>) -> Self {
        let loss = TableLoss { table: table.clone(), method, inserted: 0, updated: 0, deleted: 0 };
        Self { loss, doubtful: 0, touched }
    }

    /// Whether a row that is not in use was none of the base.
    fn is_new(&self, key: &Values) -> bool {
        self.touched.as_ref().is_some_and(|touched| !touched.has_lost(key))
    }

    /// Whether a row that was written in use may be one of the base.
    fn may_be_base(&self, key: &Values) -> bool {
        self.touched.as_ref().is_none_or(|touched| touched.has_changed(key))
    }

    /// Writes a row down and counts it.
    pub(super) fn push(&mut self, row: &LostRow, lines: &mut Lines) -> Result<(), PortError> {
        match (row.op, row.certain) {
            (Operation::Inserted, _) => self.loss.inserted += 1,
            (Operation::Updated, _) => self.loss.updated += 1,
            (Operation::Deleted, true) => self.loss.deleted += 1,
            (Operation::Deleted, false) => self.doubtful += 1,
        }
        lines.push(row)
    }
}

impl Table<'_> {
    pub(super) fn name(&self) -> &ObjectName {
        &self.shapes.1.name
    }

    /// By row versions not older than `since`.
    pub(super) async fn by_versions(&self, since: u32, lines: &mut Lines) -> Result<Told, PortError> {
        let what = format!("could not read the young rows of `{}` in `{}`", self.name(), self.damaged.dbname);
        let question = sql::rows(&self.shapes.0, &sql::young(since));
        let none: [&str; 0] = [];
        let stream = self.damaged.stream.query_raw(&question, none).await.map_err(|error| failed(&what, &error))?;
        // It is asked again after its end.
        let mut stream = std::pin::pin!(stream.fuse());
        let held = async {
            let mut held = Vec::new();
            while held.len() < HELD
                && let Some(row) = stream.try_next().await.map_err(|error| failed(&what, &error))?
            {
                held.push(row);
            }
            Ok::<_, PortError>(held)
        };
        let (mut held, untouched, damaged) = tokio::try_join!(held, self.untouched(), self.damaged_rows())?;
        let base = self.base.unwrap_or_default();
        let mut told = Told::new(self.name(), Method::RowVersions, self.touched(untouched));
        let mut census = Census { base, damaged, young: 0, young_with_base: 0 };
        while !held.is_empty() {
            for rows in held.chunks(BATCH) {
                self.tell_rows(rows, &mut census, (&mut told, lines)).await?;
            }
            held.clear();
            while held.len() < BATCH
                && let Some(row) = stream.try_next().await.map_err(|error| failed(&what, &error))?
            {
                held.push(row);
            }
        }
        if self.base.is_none() || census.missing() > 0 {
            self.walk_to_deleted(&mut told, lines).await?;
        }
        Ok(told)
    }

    /// By comparing every row.
    pub(super) async fn by_comparison(&self, lines: &mut Lines) -> Result<Told, PortError> {
        let untouched = self.untouched().await?;
        let mut told = Told::new(self.name(), Method::Comparison, self.touched(untouched));
        self.walk(Stops::Rows, &mut told, lines).await?;
        Ok(told)
    }

    /// Rows in use that nobody wrote since the swap.
    pub(super) async fn untouched(&self) -> Result<u64, PortError> {
        let question = sql::counts_untouched(&self.shapes.1, self.live.boundary);
        count(self.live, self.name(), &question).await.map(|(_, untouched)| untouched)
    }

    /// The base rows that are not in use as they were, where `untouched` rows are.
    pub(super) fn touched(&self, untouched: u64) -> Option<Touched> {
        self.touched.clone().proved(untouched, self.base)
    }

    async fn damaged_rows(&self) -> Result<u64, PortError> {
        let side = self.damaged;
        let what = || format!("could not count `{}` in `{}`", self.name(), side.dbname);
        let row = side.look.query_one(&sql::counts(&self.shapes.0, "true"), &[]).await;
        let row = row.map_err(|error| failed(&what(), &error))?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    async fn tell_rows(
        &self,
        rows: &[Row],
        census: &mut Census,
        (told, lines): (&mut Told, &mut Lines),
    ) -> Result<(), PortError> {
        let rows: Vec<Found> = rows
            .iter()
            .map(|row| Found { xid: xid(row, 0), is_untouched: false, values: values(&self.shapes.0, row, 1) })
            .collect();
        let with_base = self.tell(rows, told, lines).await?;
        census.young += with_base.0;
        census.young_with_base += with_base.1;
        Ok(())
    }

    /// Tells rows of the damaged database, and answers how many they were and how many of them have an untouched base.
    async fn tell(&self, rows: Vec<Found>, told: &mut Told, lines: &mut Lines) -> Result<(u64, u64), PortError> {
        let keys: Vec<Vec<String>> = rows.iter().map(|row| key_of(&self.shapes.0, &row.values)).collect();
        let mut in_use = self.live.look_up(&self.shapes.1, &keys).await?;
        let mut counted = (0, 0);
        for (place, damaged) in rows.into_iter().enumerate() {
            let found = in_use.remove(&place);
            counted.0 += 1;
            counted.1 += u64::from(found.as_ref().is_some_and(|found| found.is_untouched));
            let known = found.as_ref().map(|found| (&found.values, found.is_untouched));
            let key = named_key(&self.shapes.0, &damaged.values);
            if let Some((op, certain)) = tell(&damaged.values, known, told.is_new(&key)) {
                let was = found.filter(|found| found.is_untouched).map(|found| found.values);
                let table = self.name().clone();
                let row = Some(damaged.values);
                told.push(&LostRow { table, op, key, row, was, certain, xid: damaged.xid }, lines)?;
            }
        }
        Ok(counted)
    }

    /// Walks the keys of both, of a large table only where they differ.
    async fn walk_to_deleted(&self, told: &mut Told, lines: &mut Lines) -> Result<(), PortError> {
        let is_large = self.base.is_none_or(|rows| rows >= LARGE);
        let ranges = match is_large {
            true => Ranges::differing((self.damaged, &self.shapes.0), (self.live, &self.shapes.1)).await?,
            false => None,
        };
        self.walk(ranges.as_ref().map_or(Stops::Keys, Stops::Within), told, lines).await
    }

    /// Walks the keys of both. Rows that only the damaged database has, or has otherwise, count where rows are compared: else
    /// they were told before.
    async fn walk(&self, stops: Stops<'_>, told: &mut Told, lines: &mut Lines) -> Result<(), PortError> {
        let mut walk = Walk::start((self.damaged, &self.shapes.0), (self.live, &self.shapes.1), stops).await?;
        while let Some(batch) = walk.batch().await? {
            if matches!(stops, Stops::Rows) && !batch.first.is_empty() {
                let found = self.damaged.look_up(&self.shapes.0, &batch.first).await?;
                self.tell(found.into_values().collect(), told, lines).await?;
            }
            let found = self.live.look_up(&self.shapes.1, &batch.second).await?;
            for found in found.into_values() {
                let is_base = found.is_untouched || told.may_be_base(&named_key(&self.shapes.1, &found.values));
                if is_base {
                    told.push(&self.deleted(found), lines)?;
                }
            }
        }
        Ok(())
    }

    fn deleted(&self, found: Found) -> LostRow {
        LostRow {
            table: self.name().clone(),
            op: Operation::Deleted,
            key: named_key(&self.shapes.1, &found.values),
            row: None,
            certain: found.is_untouched,
            was: Some(found.values).filter(|_| found.is_untouched),
            xid: None,
        }
    }
}

/// All rows of a table, and those that a question of [`sql::counts`] counts, over the long session.
pub(super) async fn count(side: &Side, table: &ObjectName, question: &str) -> Result<(u64, u64), PortError> {
    let row = side.stream.query_one(question, &[]).await;
    let row = row.map_err(|error| failed(&format!("could not count `{table}` in `{}`", side.dbname), &error))?;
    Ok((row.get::<_, i64>(0).unsigned_abs(), row.get::<_, i64>(1).unsigned_abs()))
}
