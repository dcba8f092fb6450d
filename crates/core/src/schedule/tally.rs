//! What a prober has done, in numbers.

use std::time::Duration;

use super::Turn;
use crate::detect::{Edges, Latencies};

/// Counts the probes of a prober, and how late they began. As large for a million probes as for one.
#[derive(Debug, Clone)]
pub struct Tally {
    /// When the prober began, by the clock that never jumps.
    pub since: Duration,
    /// Probes that were begun.
    pub begun: u64,
    /// Times that a target was due at and nobody had time for, because a newer one had come.
    pub skipped: u64,
    /// Times that a target was due at, and too many probes were under way.
    pub crowded_out: u64,
    /// Readings that say nothing because the prober itself was not there.
    pub starved: u64,
    edges: Edges,
    late: Latencies,
    latest: Duration,
}

impl Tally {
    /// Nothing yet of a prober that begins now.
    #[must_use]
    pub fn since(since: Duration) -> Self {
        let edges = Edges::fine();
        let late = Latencies::none(&edges);
        Self { since, begun: 0, skipped: 0, crowded_out: 0, starved: 0, edges, late, latest: Duration::ZERO }
    }

    /// A target was due, and is probed.
    pub fn begins(&mut self, turn: &Turn) {
        self.begun += 1;
        self.skipped += turn.skipped;
        self.latest = self.latest.max(turn.late);
        self.late.add(self.edges.cell(turn.late.as_secs_f64()), 1);
    }

    /// A target was due, and there was no room for it.
    pub fn has_no_room(&mut self, turn: &Turn) {
        self.crowded_out += 1;
        self.skipped += turn.skipped;
    }

    /// How late this share of the probes began at most, within a twentieth, and never more than the latest of them. `None`
    /// where there were none, or it was longer than a minute.
    #[must_use]
    pub fn lateness(&self, share: f64) -> Option<Duration> {
        let edge = self.edges.upper(self.late.quantile(share)?)?;
        Some(Duration::from_secs_f64(edge).min(self.latest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_that_of_a_share_of_the_probes() {
        let mut tally = Tally::since(Duration::ZERO);
        assert_eq!(tally.lateness(0.5), None);
        for ms in 1..=100 {
            tally.begins(&Turn { target: 0, late: Duration::from_millis(ms), skipped: ms % 2 });
        }
        let (half, most) = (tally.lateness(0.5).unwrap().as_millis(), tally.lateness(0.99).unwrap().as_millis());
        assert!((49..=53).contains(&half) && (98..=100).contains(&most), "{half} {most}");
        assert_eq!((tally.begun, tally.skipped), (100, 50));
    }
}
