//! Several measurements of the same: their median, and how far they are apart.

use std::fmt;
use std::time::Duration;

/// Measured times, in order.
pub(crate) struct Spread(Vec<Duration>);

impl Spread {
    pub(crate) fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }

    /// The median in seconds.
    pub(crate) fn median(&self) -> f64 {
        self.seconds(self.0.len() / 2)
    }

    fn seconds(&self, place: usize) -> f64 {
        self.0.get(place).copied().unwrap_or_default().as_secs_f64()
    }
}

/// `1.377 s (1.330 to 1.414)`; a single one without a range.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.median())?;
        match self.0.len() {
            0 | 1 => Ok(()),
            count => write!(f, " ({:.3} to {:.3})", self.seconds(0), self.seconds(count - 1)),
        }
    }
}
