//! Goes through the keys of the same table in two databases side by side, in one order, a batch of differences at a time.

use std::cmp::Ordering;

use backout_core::port::PortError;

use super::keys::{Keys, Stop};
use super::ranges::Ranges;
use super::shape::Shape;
use super::side::Side;

/// How many differences make a batch.
pub(in crate::loss) const BATCH: usize = 1000;

/// What a walk stops at.
#[derive(Debug, Clone, Copy)]
pub(in crate::loss) enum Stops<'a> {
    /// Every row: those with equal keys are compared by their hashes.
    Rows,
    /// Every key: rows with equal keys count as equal.
    Keys,
    /// The same, within some ranges.
    Within(&'a Ranges),
}

/// Keys that differ.
#[derive(Debug, Default)]
pub(in crate::loss) struct Batch {
    /// Keys that only the first side has, and those of rows that are not equal.
    pub(in crate::loss) first: Vec<Vec<String>>,
    /// Keys that only the second side has.
    pub(in crate::loss) second: Vec<Vec<String>>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.first.len() + self.second.len() >= BATCH
    }
}

/// One side, and where it stands.
struct Head {
    keys: Keys,
    stop: Stop,
    is_there: bool,
}

impl Head {
    async fn open(side: &Side, shape: &Shape, stops: Stops<'_>) -> Result<Self, PortError> {
        let mut head = Self { keys: Keys::open(side, shape, stops).await?, stop: Stop::nowhere(), is_there: true };
        head.advance().await?;
        Ok(head)
    }

    async fn advance(&mut self) -> Result<(), PortError> {
        self.is_there = self.keys.next(&mut self.stop).await?;
        Ok(())
    }

    fn texts(&self) -> Result<Vec<String>, PortError> {
        self.keys.texts(&self.stop)
    }
}

/// A walk through one table on two sides.
pub(in crate::loss) struct Walk {
    first: Head,
    second: Head,
}

impl Walk {
    /// Starts a walk.
    pub(in crate::loss) async fn start(
        first: (&Side, &Shape),
        second: (&Side, &Shape),
        stops: Stops<'_>,
    ) -> Result<Self, PortError> {
        // Both are sorted at once.
        let (first, second) = (Head::open(first.0, first.1, stops), Head::open(second.0, second.1, stops));
        let (first, second) = tokio::try_join!(first, second)?;
        Ok(Self { first, second })
    }

    /// The next differences; `None` at the end.
    pub(in crate::loss) async fn batch(&mut self) -> Result<Option<Batch>, PortError> {
        let mut batch = Batch::default();
        while !batch.is_full()
            && let Some(order) = self.order()
        {
            match order {
                Ordering::Equal if self.first.stop.is_same_row(&self.second.stop, &self.first.keys) => {}
                Ordering::Less | Ordering::Equal => batch.first.push(self.first.texts()?),
                Ordering::Greater => batch.second.push(self.second.texts()?),
            }
            if order.is_le() {
                self.first.advance().await?;
            }
            if order.is_ge() {
                self.second.advance().await?;
            }
        }
        Ok(Some(batch).filter(|batch| !batch.first.is_empty() || !batch.second.is_empty()))
    }

    /// Which side comes first; `None` at the end of both.
    fn order(&self) -> Option<Ordering> {
        match (self.first.is_there, self.second.is_there) {
            (false, false) => None,
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (true, true) => Some(self.first.keys.order(&self.first.stop, &self.second.stop)),
        }
    }
}
