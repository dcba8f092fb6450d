//! How long steps took in past runs, and how long the like of them will take.
//!
//! Most steps take what they took before: the median. What restores or dumps a whole database takes the longer the more there
//! is, so its times are kept with the size, database by database, and scaled:
//!
//! | seen of that database                    | it will take                                                |
//! |------------------------------------------|-------------------------------------------------------------|
//! | nothing of the kind                      | nobody knows: what another database took says nothing       |
//! | one of the same size                     | what that took                                              |
//! | one of another size                      | as long a byte                                              |
//! | several                                  | as long a byte as the median of the three nearest in size, without those that are twice as far off as the nearest |
//! | only bigger ones                         | no less than the fastest: to begin and to end takes its time|
//!
//! Of each, the newest twenty are remembered: what is older says little of how it is now. Of those that are equally near in
//! size, the newer ones count.
//!
//! A restore beside and one in place are the same work, and so is the trial restore of a verified restore point.

use std::collections::BTreeMap;

use crate::data::{DataAct, RestorePoint, RestoreSource};
use crate::id::{DatabaseName, ServiceName};

/// Work that takes the longer the bigger a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// To restore a whole one from a dump.
    Restoring,
    /// To dump one.
    Dumping,
}

/// What was seen once: the size in bytes, and how long it took in milliseconds.
type Seen = (u64, u64);

/// So many are remembered, of each kind.
const NEWEST: usize = 20;

/// So many of the nearest in size are asked.
const NEAREST: usize = 3;

/// Durations of past steps, by kind of action and service, and those of sized work by database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Estimates {
    took_ms: BTreeMap<(String, Option<ServiceName>), Vec<u64>>,
    sized: BTreeMap<(Work, DatabaseName), Vec<Seen>>,
}

impl Estimates {
    /// Remembers that an action took so long, in milliseconds. What is newer is remembered later.
    pub fn remember(&mut self, kind: &str, service: Option<&ServiceName>, took_ms: u64) {
        remember(self.took_ms.entry((kind.to_owned(), service.cloned())).or_default(), took_ms);
    }

    /// Remembers that work on a database of so many bytes took so long, in milliseconds.
    pub fn remember_sized(&mut self, work: Work, database: &DatabaseName, bytes: u64, took_ms: u64) {
        if bytes > 0 {
            remember(self.sized.entry((work, database.clone())).or_default(), (bytes, took_ms));
        }
    }

    /// The median, in milliseconds; `None` for what was never seen.
    #[must_use]
    pub fn median_ms(&self, kind: &str, service: Option<&ServiceName>) -> Option<u64> {
        median(self.took_ms.get(&(kind.to_owned(), service.cloned()))?.clone())
    }

    /// How long that work will take on a database of so many bytes, in milliseconds; `None` where nothing like it was seen.
    #[must_use]
    pub fn sized_ms(&self, work: Work, database: &DatabaseName, bytes: u64) -> Option<u64> {
        let mut seen = self.sized.get(&(work, database.clone()))?.clone();
        let fastest = seen.iter().map(|(_, took)| *took).min()?;
        seen.reverse();
        seen.sort_by_key(|(size, _)| times_as_big(*size, bytes));
        let reach = seen.first().map_or(0, |(size, _)| times_as_big(*size, bytes) * 2);
        let near = seen.iter().take(NEAREST).take_while(|(size, _)| times_as_big(*size, bytes) <= reach);
        let nearest = near.map(|(size, took)| scaled(*took, bytes, *size));
        median(nearest.collect()).map(|took| took.max(fastest))
    }

    /// How long an act on a database will take, in milliseconds; `now_bytes` is the database's size as it is, where that is
    /// known. `None` where nothing like it was seen.
    #[must_use]
    pub fn act_ms(&self, database: &DatabaseName, act: &DataAct, now_bytes: Option<u64>) -> Option<u64> {
        match (act, restored_bytes(act), now_bytes) {
            (_, Some(bytes), _) => self.sized_ms(Work::Restoring, database, bytes),
            (DataAct::KeepDump, None, Some(bytes)) => self.sized_ms(Work::Dumping, database, bytes),
            _ => self.median_ms(act.kind(), None),
        }
    }
}

/// The size of what an act restores as a whole, in bytes; `None` for what restores a part, nothing, or from the log, whose
/// time is not that of the database.
#[must_use]
pub fn restored_bytes(act: &DataAct) -> Option<u64> {
    let point: &RestorePoint = match act {
        DataAct::RestoreBeside { source: RestoreSource::Dump { point }, tables, .. } if tables.is_empty() => point,
        DataAct::RestoreInPlace { source: RestoreSource::Dump { point }, .. } => point,
        _ => return None,
    };
    Some(point.database_bytes).filter(|bytes| *bytes > 0)
}

fn remember<T>(seen: &mut Vec<T>, one: T) {
    if seen.len() == NEWEST {
        seen.remove(0);
    }
    seen.push(one);
}

fn median(mut seen: Vec<u64>) -> Option<u64> {
    seen.sort_unstable();
    seen.get(seen.len() / 2).copied()
}

/// How many times as big as the other the bigger one is, in thousandths.
fn times_as_big(one: u64, other: u64) -> u128 {
    u128::from(one.max(other)) * 1000 / u128::from(one.min(other).max(1))
}

fn scaled(took_ms: u64, to: u64, from: u64) -> u64 {
    let scaled = u128::from(took_ms) * u128::from(to) / u128::from(from.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn main() -> DatabaseName {
        DatabaseName::new("main").unwrap()
    }

    #[test]
    fn a_restore_takes_the_longer_the_more_there_is() {
        for (seen, bytes, expected, why) in [
            (&[][..], 100, None, "nothing of the kind"),
            (&[(100, 10_000)], 100, Some(10_000), "the same"),
            (&[(100, 10_000)], 2_500, Some(250_000), "as long a byte"),
            (&[(100, 10_000)], 1, Some(10_000), "no less than the fastest"),
            (&[(100, 10_000), (1, 2_000)], 20, Some(2_000), "the nearer one: by the other, it would be 40 s"),
            (&[(100, 10_000), (100, 30_000), (100, 12_000)], 200, Some(24_000), "the median"),
            (
                &[(1, 2_000), (1, 2_000), (1, 2_000), (900, 90_000), (1_000, 90_000), (1_100, 120_000)],
                1_000,
                Some(100_000),
                "small ones say nothing of a big one",
            ),
            (&[(0, 10_000)], 100, None, "a size that nobody knows"),
        ] {
            let mut estimates = Estimates::default();
            for (size, took) in seen {
                estimates.remember_sized(Work::Restoring, &main(), size * MB, *took);
            }
            assert_eq!(estimates.sized_ms(Work::Restoring, &main(), bytes * MB), expected, "{why}");
            assert_eq!(estimates.sized_ms(Work::Dumping, &main(), bytes * MB), None, "a dump is other work");
            let other = DatabaseName::new("other").unwrap();
            assert_eq!(estimates.sized_ms(Work::Restoring, &other, bytes * MB), None, "another database");
        }
    }

    #[test]
    fn how_it_was_long_ago_says_nothing_of_how_it_is() {
        let mut estimates = Estimates::default();
        let both = |estimates: &mut Estimates, took| {
            estimates.remember("stop", None, took);
            estimates.remember_sized(Work::Restoring, &main(), 100 * MB, took);
        };
        let now = |estimates: &Estimates| {
            (estimates.median_ms("stop", None), estimates.sized_ms(Work::Restoring, &main(), 100 * MB))
        };
        (0..20).for_each(|_| both(&mut estimates, 1_000));
        assert_eq!(now(&estimates), (Some(1_000), Some(1_000)));
        (0..2).for_each(|_| both(&mut estimates, 10));
        assert_eq!(now(&estimates), (Some(1_000), Some(10)), "three tell of a size, the newest first");
        (0..18).for_each(|_| both(&mut estimates, 10));
        assert_eq!(now(&estimates), (Some(10), Some(10)));
    }
}
