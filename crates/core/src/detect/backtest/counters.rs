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
    /// What two columns look like, row by row where both have a value: all of something, and some of it.
    ///
    /// Counters rise, and fall only where whatever counts them starts anew: both at once, and rarely.
    pub(super) fn of(rows: &[(f64, f64)]) -> Self {
        let (mut rises, mut falls, mut falls_alone, mut some_rises) = (0, 0, 0, 0);
        for pair in rows.windows(2) {
            let ((all, some), (all_then, some_then)) = (pair[0], pair[1]);
            rises += usize::from(all_then > all);
            falls += usize::from(all_then < all);
            some_rises += usize::from(some_then > some);
            falls_alone += usize::from(some_then < some && all_then >= all);
        }
        let is_rising = rises >= FEWEST && falls * 20 <= rises;
        if is_rising && falls_alone * 20 <= some_rises { SeriesKind::Counters } else { SeriesKind::Counts }
    }
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
