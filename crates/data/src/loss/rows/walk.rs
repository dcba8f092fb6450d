//! Goes through the keys of the same table in two databases side by side, in one order, a batch of differences at a time.

use std::cmp::Ordering;
use std::pin::Pin;

use backout_core::port::PortError;
use futures_util::TryStreamExt;
use tokio_postgres::{Row, RowStream};

use super::shape::{Kind, Shape};
use super::side::Side;
use super::sql;
use crate::words::failed;

/// How many differences make a batch.
pub(in crate::loss) const BATCH: usize = 1000;

/// One part of a key. Within a column all are of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Integer(i64),
    Text(String),
}

/// A key on one side.
#[derive(Debug)]
struct Stop {
    key: Vec<Part>,
    is_untouched: bool,
    hash: Option<i64>,
}

impl Stop {
    fn texts(self) -> Vec<String> {
        let text = |part| match part {
            Part::Integer(number) => number.to_string(),
            Part::Text(text) => text,
        };
        self.key.into_iter().map(text).collect()
    }
}

/// Keys that differ.
#[derive(Debug, Default)]
pub(in crate::loss) struct Batch {
    /// Keys that only the first side has, and those of rows that are not equal.
    pub(in crate::loss) first: Vec<Vec<String>>,
    /// Keys that only the second side has, each with whether its row is untouched.
    pub(in crate::loss) second: Vec<(Vec<String>, bool)>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.first.len() + self.second.len() >= BATCH
    }
}

/// The keys of one side.
struct Keys {
    rows: Pin<Box<RowStream>>,
    kinds: Vec<Kind>,
    is_hashed: bool,
    what: String,
}

impl Keys {
    async fn open(side: &Side, shape: &Shape, is_hashed: bool) -> Result<Self, PortError> {
        let what = format!("could not read the keys of `{}` in `{}`", shape.name, side.dbname);
        let question = sql::keys(shape, side.boundary, is_hashed);
        let none: [&str; 0] = [];
        let rows = side.stream.query_raw(&question, none).await.map_err(|error| failed(&what, &error))?;
        let kinds = shape.key.iter().map(|part| part.kind).collect();
        Ok(Self { rows: Box::pin(rows), kinds, is_hashed, what })
    }

    async fn next(&mut self) -> Result<Option<Stop>, PortError> {
        let row = self.rows.try_next().await.map_err(|error| failed(&self.what, &error))?;
        Ok(row.map(|row| self.stop(&row)))
    }

    fn stop(&self, row: &Row) -> Stop {
        let part = |(index, kind): (usize, &Kind)| match kind {
            Kind::Integer => Part::Integer(row.get(index)),
            _ => Part::Text(row.get(index)),
        };
        let parts = self.kinds.len();
        Stop {
            key: self.kinds.iter().enumerate().map(part).collect(),
            is_untouched: row.get(parts),
            hash: self.is_hashed.then(|| row.get(parts + 1)),
        }
    }
}

/// A walk through one table on two sides.
pub(in crate::loss) struct Walk {
    first: Keys,
    second: Keys,
    /// What each side stands at.
    heads: (Option<Stop>, Option<Stop>),
}

impl Walk {
    /// Starts a walk. Rows with equal keys are compared by their hashes where `is_hashed`, else they count as equal.
    pub(in crate::loss) async fn start(
        first: (&Side, &Shape),
        second: (&Side, &Shape),
        is_hashed: bool,
    ) -> Result<Self, PortError> {
        let mut first = Keys::open(first.0, first.1, is_hashed).await?;
        let mut second = Keys::open(second.0, second.1, is_hashed).await?;
        let heads = tokio::try_join!(first.next(), second.next())?;
        Ok(Self { first, second, heads })
    }

    /// The next differences; `None` at the end.
    pub(in crate::loss) async fn batch(&mut self) -> Result<Option<Batch>, PortError> {
        let mut batch = Batch::default();
        while !batch.is_full() {
            let order = match &self.heads {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.key.cmp(&other.key),
            };
            let one = if order.is_le() { std::mem::replace(&mut self.heads.0, self.first.next().await?) } else { None };
            let other =
                if order.is_ge() { std::mem::replace(&mut self.heads.1, self.second.next().await?) } else { None };
            match (one, other) {
                (Some(one), Some(other)) if one.hash == other.hash => {}
                (Some(one), _) => batch.first.push(one.texts()),
                (None, Some(other)) => {
                    let is_untouched = other.is_untouched;
                    batch.second.push((other.texts(), is_untouched));
                }
                (None, None) => {}
            }
        }
        Ok(Some(batch).filter(|batch| !batch.first.is_empty() || !batch.second.is_empty()))
    }
}
