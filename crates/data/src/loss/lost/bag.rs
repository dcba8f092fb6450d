//! Finds what a table without a key lost: rows are told apart by all of their values, and equal ones are counted.

use std::collections::HashMap;
use std::pin::Pin;

use backout_core::data::{Census, LostRow, Method, Operation, Values};
use backout_core::port::PortError;
use futures_util::TryStreamExt;
use tokio_postgres::RowStream;

use super::table::{Table, Told, count};
use super::touched::Touched;
use crate::loss::rows::lines::Lines;
use crate::loss::rows::shape::Shape;
use crate::loss::rows::side::{Side, values, xid};
use crate::loss::rows::sql;
use crate::words::failed;

/// How many different rows are fetched in one pass over a table.
const PASS: usize = 100_000;

/// The rows of a side as hashes in order, equal ones counted.
struct Hashes {
    rows: Pin<Box<RowStream>>,
    ahead: Option<i64>,
    what: String,
}

impl Hashes {
    async fn open(side: &Side, shape: &Shape, boundary: Option<u32>) -> Result<Self, PortError> {
        let what = format!("could not read the rows of `{}` in `{}`", shape.name, side.dbname);
        let none: [&str; 0] = [];
        let rows = side.stream.query_raw(&sql::hashes(shape, boundary), none).await;
        let rows = Box::pin(rows.map_err(|error| failed(&what, &error))?);
        let mut hashes = Self { rows, ahead: None, what };
        hashes.ahead = hashes.read().await?;
        Ok(hashes)
    }

    async fn read(&mut self) -> Result<Option<i64>, PortError> {
        let row = self.rows.try_next().await.map_err(|error| failed(&self.what, &error))?;
        Ok(row.map(|row| row.get(0)))
    }

    /// How many rows have `hash`, which is not before the one that is read next.
    async fn take(&mut self, hash: i64) -> Result<u64, PortError> {
        let mut taken = 0;
        while self.ahead == Some(hash) {
            taken += 1;
            self.ahead = self.read().await?;
        }
        Ok(taken)
    }
}

/// How many rows of each hash one side has more than the other.
#[derive(Default)]
struct Surplus(HashMap<i64, u64>);

impl Table<'_> {
    /// By row versions not older than `since` where counting proves that nothing was deleted, else by comparison.
    pub(super) async fn bag_by_versions(&self, since: u32, lines: &mut Lines) -> Result<Told, PortError> {
        let question = sql::counts(&self.shapes.0, &sql::young(since));
        let ((damaged, young), untouched) =
            tokio::try_join!(count(self.damaged, self.name(), &question), self.untouched())?;
        let base = self.base.unwrap_or_default();
        if self.base.is_none() || (Census { base, damaged, young, young_with_base: 0 }).missing() > 0 {
            return self.bag(lines).await;
        }
        let what = format!("could not read the young rows of `{}`", self.name());
        let mut told = Told::new(self.name(), Method::RowVersions, self.touched(untouched));
        let none: [&str; 0] = [];
        let question = sql::rows(&self.shapes.0, &sql::young(since));
        let rows = self.damaged.stream.query_raw(&question, none).await.map_err(|error| failed(&what, &error))?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.try_next().await.map_err(|error| failed(&what, &error))? {
            let found = (xid(&row, 0), values(&self.shapes.0, &row, 1));
            // Nothing of the restore point is missing, so every young row is new, whatever was written in use since.
            told.push(&self.inserted(found, true), lines)?;
        }
        Ok(told)
    }

    /// By comparing all rows as a bag: what the restore point had is what nobody wrote in use since the swap.
    pub(super) async fn bag(&self, lines: &mut Lines) -> Result<Told, PortError> {
        let untouched = self.untouched().await?;
        let mut told = Told::new(self.name(), Method::Comparison, self.touched(untouched));
        let boundary = self.live.boundary;
        let mut damaged = Hashes::open(self.damaged, &self.shapes.0, None).await?;
        let mut base = Hashes::open(self.live, &self.shapes.1, boundary).await?;
        let (mut new, mut gone) = (Surplus::default(), Surplus::default());
        while let Some(hash) = least(damaged.ahead, base.ahead) {
            let (one, other) = (damaged.take(hash).await?, base.take(hash).await?);
            if one > other {
                new.0.insert(hash, one - other);
            }
            if other > one {
                gone.0.insert(hash, other - one);
            }
            if new.0.len() >= PASS || gone.0.len() >= PASS {
                self.write((&mut new, &mut gone), &mut told, lines).await?;
            }
        }
        self.write((&mut new, &mut gone), &mut told, lines).await?;
        Ok(told)
    }

    async fn write(
        &self,
        (new, gone): (&mut Surplus, &mut Surplus),
        told: &mut Told,
        lines: &mut Lines,
    ) -> Result<(), PortError> {
        let certain = told.touched.as_ref().is_some_and(Touched::is_empty);
        for row in self.fetch(self.damaged, (&self.shapes.0, None), new).await? {
            told.push(&self.inserted(row, certain), lines)?;
        }
        for (_, row) in self.fetch(self.live, (&self.shapes.1, self.live.boundary), gone).await? {
            let table = self.name().clone();
            let (key, op) = (Values::new(), Operation::Deleted);
            told.push(&LostRow { table, op, key, row: None, was: Some(row), certain: true, xid: None }, lines)?;
        }
        Ok(())
    }

    fn inserted(&self, (xid, row): (Option<u32>, Values), certain: bool) -> LostRow {
        let table = self.name().clone();
        LostRow { table, op: Operation::Inserted, key: Values::new(), row: Some(row), was: None, certain, xid }
    }

    /// As many rows of each hash as its surplus says, which is used up.
    async fn fetch(
        &self,
        side: &Side,
        (shape, boundary): (&Shape, Option<u32>),
        surplus: &mut Surplus,
    ) -> Result<Vec<(Option<u32>, Values)>, PortError> {
        let wrong = |error| failed(&format!("could not fetch rows of `{}`", shape.name), &error);
        let wanted: Vec<i64> = surplus.0.keys().copied().collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let question = sql::rows_by_hash(shape, boundary);
        let mut rows = std::pin::pin!(side.look.query_raw(&question, [wanted]).await.map_err(wrong)?);
        let mut fetched = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(wrong)? {
            let left = surplus.0.entry(row.get(shape.columns.len() + 1)).or_default();
            if *left > 0 {
                *left -= 1;
                fetched.push((xid(&row, 0), values(shape, &row, 1)));
            }
        }
        surplus.0.clear();
        Ok(fetched)
    }
}

fn least(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
