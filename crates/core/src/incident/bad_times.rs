//! When, by the journal, an environment was not as it should be: such times say nothing about how it usually is.
//!
//! | incident                       | bad from                           | bad until                       |
//! |--------------------------------|------------------------------------|---------------------------------|
//! | restored or closed             | it was opened, or its deploy began | that                            |
//! | open, with runs                | the same                           | its last run's end, if it ended |
//! | open, a person's, without runs | never: nobody knows until when     |                                 |

use std::time::Duration;

use jiff::Timestamp;

use super::opened::incidents;
use super::standing::Incident;
use crate::journal::{Body, Record};

/// How many times as far back is looked, at the most, where bad times are left out.
const REACH: u32 = 4;

/// Times in which something was the matter, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadTimes(Vec<(Timestamp, Timestamp)>);

impl BadTimes {
    /// Those of an environment; `records` are at least the kinds that incidents are made of, oldest first.
    #[must_use]
    pub fn of(records: &[Record]) -> Self {
        let mut times: Vec<_> = incidents(records).iter().filter_map(|incident| time(incident, records)).collect();
        times.sort_unstable();
        Self(times)
    }

    /// Whether one of them lies, in part, between these.
    #[must_use]
    pub fn touch(&self, from: Timestamp, to: Timestamp) -> bool {
        self.0.iter().any(|(begin, end)| *begin < to && from < *end)
    }

    /// How far back to look from a moment on, so that so much of it was not bad.
    #[must_use]
    pub fn reach_back(&self, until: Timestamp, long: Duration) -> Timestamp {
        let mut from = until - long;
        // What is left out may reach into what came before it, and so on.
        for (begin, end) in self.0.iter().rev().filter(|(begin, _)| *begin < until) {
            if from < *end {
                let within = until.min(*end).duration_since(*begin);
                from -= within;
            }
        }
        from.max(until - long * REACH)
    }
}

fn time(incident: &Incident, records: &[Record]) -> Option<(Timestamp, Timestamp)> {
    let of = |record: &&Record| record.run.as_ref().is_some_and(|run| incident.runs.contains(run));
    let began = records.iter().filter(of).map(|record| record.at).next();
    let ended = records.iter().filter(of).rfind(|record| matches!(record.body, Body::RunEnded { .. }));
    let until = incident.restored_at.or(incident.closed_at).or(ended.map(|record| record.at))?;
    Some((began.map_or(incident.opened_at, |began| began.min(incident.opened_at)), until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn as_much_good_time_is_looked_at_as_without_them() {
        let bad = BadTimes(vec![(at(100), at(200)), (at(900), at(950)), (at(2_000), at(2_100))]);
        let back =
            |until: i64, long| bad.reach_back(at(until), Duration::from_secs(long)).duration_since(at(0)).as_secs();
        assert_eq!(back(1_900, 300), 1_600, "nothing was bad");
        assert_eq!(back(1_000, 300), 650);
        assert_eq!(back(1_000, 790), 60, "both");
        assert_eq!(back(2_050, 100), 1_900, "one that lasts");
        assert_eq!(back(1_000, 20), 980, "before that");
        let long = BadTimes(vec![(at(0), at(10_000))]);
        assert_eq!(long.reach_back(at(10_000), Duration::from_secs(100)), at(9_600), "not for ever");
        assert!(bad.touch(at(940), at(960)) && !bad.touch(at(950), at(960)) && !bad.touch(at(890), at(900)));
    }
}
