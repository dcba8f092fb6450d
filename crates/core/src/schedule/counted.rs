//! What all probers of a process have done, in numbers that only grow.

use std::fmt::Write as _;
use std::time::Duration;

use super::Tally;

/// Adds up the tallies of probers that come one after the other, each of which tells its own again and again.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// What probers that have ended did.
    before: [u64; 4],
    /// What the newest one did so far, and when it began.
    now: [u64; 4],
    since: Duration,
}

/// What becomes of a probe that is due, in the order in which it is counted.
const RESULTS: [&str; 4] = ["performed", "starved", "skipped", "crowded_out"];

impl Counted {
    /// Takes in how far a prober is. What one says that a newer one has followed is known already.
    pub fn tell(&mut self, tally: &Tally) {
        if tally.since < self.since {
            return;
        }
        if tally.since > self.since {
            self.before = self.all();
            self.since = tally.since;
        }
        let performed = tally.begun.saturating_sub(tally.starved);
        self.now = [performed, tally.starved, tally.skipped, tally.crowded_out];
    }

    /// The counts, as Prometheus reads them.
    ///
    /// | result        | a probe that was due                                                    |
    /// |---------------|-------------------------------------------------------------------------|
    /// | `performed`   | was begun, and is none of the next kind                                 |
    /// | `starved`     | came back, and says nothing: the prober itself was not there meanwhile  |
    /// | `skipped`     | was left out: nobody had time for it before the next one was due        |
    /// | `crowded_out` | was left out: too many were under way                                   |
    #[must_use]
    pub fn exposition(&self) -> String {
        let name = "backout_probes_total";
        let mut text = format!("# HELP {name} Probes that were due, by what became of them.\n# TYPE {name} counter\n");
        for (result, count) in RESULTS.iter().zip(self.all()) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}{{result=\"{result}\"}} {count}");
        }
        text
    }

    fn all(&self) -> [u64; 4] {
        let mut all = self.before;
        all.iter_mut().zip(self.now).for_each(|(sum, count)| *sum += count);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(since: u64, begun: u64) -> Tally {
        let mut tally = Tally::since(Duration::from_secs(since));
        (tally.begun, tally.starved, tally.skipped, tally.crowded_out) = (begun, 1, 2 * begun, 3);
        tally
    }

    #[test]
    fn counts_grow_from_prober_to_prober_however_often_each_tells_them() {
        let mut counted = Counted::default();
        for (since, begun) in [(1, 10), (1, 20), (2, 5), (2, 20), (1, 21), (2, 20)] {
            counted.tell(&tally(since, begun));
        }
        let text = counted.exposition();
        for line in ["performed\"} 38", "starved\"} 2", "skipped\"} 80", "crowded_out\"} 6"] {
            assert!(text.lines().any(|other| other.ends_with(line)), "{line} is missing:\n{text}");
        }
    }
}
