//! Counters: series that only rise, until the process that counts starts anew.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the numbers of a recording are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// How many there were in each row's time.
    Counts,
    /// How many there have been, since whatever counts them started.
    Counters,
}

/// Fewer rises than these make no counter.
const FEWEST: usize = 10;

impl SeriesKind {
    /// What columns look like: counters rise, and fall only where they start anew. Each is a series with its gaps left out.
    pub(super) fn of(columns: &[Vec<f64>]) -> Self {
        let Some(all) = columns.first() else { return SeriesKind::Counts };
        let (rises, falls) = changes(all);
        let rises_only = |column: &Vec<f64>| {
            let (rises, falls) = changes(column);
            // A few fresh starts; a series that falls as often as it rises is none.
            falls * 20 <= rises || falls <= 3 && falls <= rises
        };
        if rises >= FEWEST && falls * 20 <= rises && columns.iter().all(rises_only) {
            SeriesKind::Counters
        } else {
            SeriesKind::Counts
        }
    }
}

fn changes(column: &[f64]) -> (usize, usize) {
    let pairs = || column.windows(2);
    (pairs().filter(|pair| pair[1] > pair[0]).count(), pairs().filter(|pair| pair[1] < pair[0]).count())
}

/// Turns one column into counts, row by row.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter {
    last: Option<f64>,
}

impl Counter {
    /// How many there were since the last row with a value. A counter that fell has started anew: what it shows came since.
    pub(super) fn since(&mut self, kind: SeriesKind, value: Option<f64>) -> Option<f64> {
        let value = value?;
        match kind {
            SeriesKind::Counts => Some(value),
            SeriesKind::Counters => {
                let last = self.last.replace(value)?;
                Some(if value < last { value } else { value - last })
            }
        }
    }
}
