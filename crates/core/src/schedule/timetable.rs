//! The timetable: which target is due when.
//!
//! Targets of one interval are spread evenly over it, in an order that only their names decide: the same configuration is
//! probed in the same rhythm every time, and the rhythm begins when the timetable does, so that two machines with the same
//! configuration do not probe at the same moments. Moments are shared by about [`SHARED`] targets, because a process that
//! is woken for each probe alone spends most of its time on waking up.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

/// How many targets share a moment.
const SHARED: usize = 16;

/// Between two moments of the first round at most, in nanoseconds: what was never probed is probed soon, and still no faster
/// than one core can.
const FIRST_ROUND: u64 = 2_000_000;

/// The shortest time between two moments, in nanoseconds.
const SHORTEST: u64 = 1_000_000;

/// What is on a timetable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name: decides its place within the interval.
    pub name: String,
    /// Time between two probes; `None` where one is enough.
    pub every: Option<Duration>,
}

/// A target whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Which: its position among the entries.
    pub target: usize,
    /// How long ago it was due, by the newest time that it was due at.
    pub late: Duration,
    /// How many times it was due at since it was taken the last time, and nobody had time for.
    pub skipped: u64,
}

/// Who is due when. A target that has been taken is not due again before it is given back.
#[derive(Debug)]
pub struct Timetable {
    places: Vec<Place>,
    waiting: BinaryHeap<Reverse<(u64, usize)>>,
}

/// A target's moments: `phase`, `phase + every`, ... since the clock's beginning, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Place {
    phase: u64,
    every: Option<u64>,
    /// When it was taken, and how late that was.
    began: u64,
    late: u64,
    /// Moments that passed because it was taken late.
    missed: u64,
}

impl Timetable {
    /// A timetable that begins now. Everything is due once soon, and then at its moments.
    #[must_use]
    pub fn new(entries: &[Entry], now: Duration) -> Self {
        let from = nanoseconds(now);
        let mut places: Vec<Place> = entries.iter().map(|entry| Place::unspread(entry, from)).collect();
        let mut waiting = BinaryHeap::with_capacity(entries.len());
        let (mut before, apart) = (0, first_round(&places));
        for alike in by_interval(entries).values() {
            for (rank, target) in alike.iter().enumerate() {
                let first = (before + rank) / SHARED;
                waiting.push(Reverse((from.saturating_add(first as u64 * apart), *target)));
                if let Some(place) = places.get_mut(*target) {
                    place.phase = from.saturating_add(place.spread(rank, alike.len()));
                }
            }
            before += alike.len();
        }
        Self { places, waiting }
    }

    /// When the next target is due; none where all have been taken.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.waiting.peek().map(|Reverse((due, _))| Duration::from_nanos(*due))
    }

    /// Takes the target that has been due the longest, if one is due.
    pub fn take(&mut self, now: Duration) -> Option<Turn> {
        let now = nanoseconds(now);
        let Reverse((due, target)) = *self.waiting.peek().filter(|Reverse((due, _))| *due <= now)?;
        self.waiting.pop();
        let place = self.places.get_mut(target)?;
        place.began = now;
        let since = now - due;
        // The first time may lie off the rhythm; the ones after it are counted in whole intervals all the same.
        let passed = place.every.map_or(0, |every| since / every);
        let skipped = passed + std::mem::take(&mut place.missed);
        place.late = place.every.map_or(since, |every| since % every);
        Some(Turn { target, late: Duration::from_nanos(place.late), skipped })
    }

    /// Gives a target back. It is due again at its next moment, and not before half of its interval has passed since it
    /// was taken: two looks at once say no more than one. Moments that pass because a target answers slowly are none that
    /// nobody had time for; those are that it would have been back for, had it been taken in time.
    pub fn give_back(&mut self, target: usize, now: Duration) {
        let now = nanoseconds(now);
        let Some(place) = self.places.get_mut(target) else { return };
        let (Some(due), Some(in_time)) = (place.next_after(now, 0), place.next_after(now, place.late)) else { return };
        place.missed = place.every.map_or(0, |every| due.saturating_sub(in_time) / every);
        self.waiting.push(Reverse((due, target)));
    }
}

impl Place {
    fn unspread(entry: &Entry, from: u64) -> Self {
        let every = entry.every.map(|every| nanoseconds(every).max(SHORTEST));
        Self { phase: from, every, began: from, late: 0, missed: 0 }
    }

    /// How far into its interval the target with this rank among `count` alike has its moments.
    fn spread(&self, rank: usize, count: usize) -> u64 {
        let every = self.every.unwrap_or(0);
        let most = usize::try_from(every / SHORTEST).unwrap_or(usize::MAX).max(1);
        let moments = count.div_ceil(SHARED).clamp(1, most);
        let moment = rank * moments / count.max(1);
        u64::try_from(u128::from(every) * moment as u128 / moments as u128).unwrap_or(0)
    }

    /// The next moment after now, had it been taken and given back so much sooner.
    fn next_after(&self, now: u64, sooner: u64) -> Option<u64> {
        let every = self.every?;
        let earliest = self.began.saturating_add(every / 2).max(now.saturating_add(1)).saturating_sub(sooner);
        let passed = earliest.saturating_sub(self.phase).div_ceil(every);
        Some(self.phase.saturating_add(passed.saturating_mul(every)))
    }
}

/// Between two moments of the first round, in nanoseconds: short enough for it to be over before the second begins, where
/// that is no faster than the ones that follow it.
fn first_round(places: &[Place]) -> u64 {
    /// The time in which moments are counted, in nanoseconds: long enough for whole numbers.
    const LONG: u128 = 1_000_000_000_000_000_000;
    let due: u128 = places.iter().filter_map(|place| place.every).map(|every| LONG / u128::from(every)).sum();
    let apart = (LONG * SHARED as u128).checked_div(due).and_then(|apart| u64::try_from(apart).ok());
    apart.map_or(FIRST_ROUND, |apart| apart.min(FIRST_ROUND))
}

/// The targets of each interval, in the order that their names decide.
fn by_interval(entries: &[Entry]) -> BTreeMap<Option<Duration>, Vec<usize>> {
    let mut alike: BTreeMap<Option<Duration>, Vec<usize>> = BTreeMap::new();
    for (target, entry) in entries.iter().enumerate() {
        alike.entry(entry.every).or_default().push(target);
    }
    for targets in alike.values_mut() {
        targets.sort_by_cached_key(|target| entries.get(*target).map(|entry| (mixed(&entry.name), *target)));
    }
    alike
}

/// A number that is the same for the same name on every machine, and says nothing of its neighbours in the alphabet.
fn mixed(name: &str) -> [u8; 32] {
    *blake3::hash(name.as_bytes()).as_bytes()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn named(count: usize, every: Duration) -> Vec<Entry> {
        (0..count).map(|n| Entry { name: format!("app.p{n}"), every: Some(every) }).collect()
    }

    /// Takes and gives back everything as soon as it is due until `until`: who was taken when.
    fn taken(table: &mut Timetable, until: Duration) -> Vec<(Duration, usize)> {
        let mut taken = Vec::new();
        while let Some(now) = table.next_due().filter(|due| *due < until) {
            let turn = table.take(now).unwrap();
            assert_eq!((turn.late, turn.skipped), (Duration::ZERO, 0));
            table.give_back(turn.target, now);
            taken.push((now, turn.target));
        }
        taken
    }

    fn most_at_once(taken: &[(Duration, usize)]) -> usize {
        let mut counts: BTreeMap<Duration, usize> = BTreeMap::new();
        taken.iter().for_each(|(at, _)| *counts.entry(*at).or_default() += 1);
        counts.into_values().max().unwrap_or(0)
    }

    #[test]
    fn ten_thousand_targets_are_never_due_in_a_herd() {
        let mut table = Timetable::new(&named(10_000, SECOND), SECOND * 77);
        let taken = taken(&mut table, SECOND * 81);
        assert!(most_at_once(&taken) <= 2 * SHARED, "{}", most_at_once(&taken));
        let in_a_second = taken.iter().filter(|(at, _)| (SECOND * 79..SECOND * 80).contains(at)).count();
        assert_eq!(in_a_second, 10_000);
    }

    #[test]
    fn the_first_round_is_no_faster_than_those_that_follow() {
        for (count, every) in [(10_000, SECOND), (4_000, SECOND), (50_000, SECOND * 60), (10_000, SECOND / 2)] {
            let mut table = Timetable::new(&named(count, every), Duration::ZERO);
            let taken = taken(&mut table, every * 4);
            let within = |from: u32| {
                let from = every * from / 10;
                taken.iter().filter(|(at, _)| (from..from + every / 10).contains(at)).count()
            };
            let steady = within(30).max(8_000 * usize::try_from(every.as_millis()).unwrap() / 10_000);
            let most = (0..20).map(within).max().unwrap();
            assert!(most <= steady + steady / 10 + SHARED, "{count} each {every:?}: {most} of {steady}");
        }
    }

    #[test]
    fn a_few_targets_are_probed_at_once_first_and_share_a_moment_later() {
        let mut table = Timetable::new(&named(10, SECOND), Duration::ZERO);
        let taken = taken(&mut table, SECOND * 3);
        let moments: Vec<Duration> = taken.iter().step_by(10).map(|(at, _)| *at).collect();
        assert_eq!(moments, [Duration::ZERO, SECOND, SECOND * 2]);
    }

    #[test]
    fn the_rhythm_is_decided_by_the_names_and_not_by_their_order() {
        let (forth, mut back) = (named(500, SECOND), named(500, SECOND));
        back.reverse();
        let moments = |entries: &[Entry]| {
            let mut table = Timetable::new(entries, Duration::ZERO);
            let taken = taken(&mut table, SECOND * 3);
            let mut named: Vec<_> = taken.iter().map(|(at, target)| (*at, entries[*target].name.clone())).collect();
            named.sort();
            named
        };
        assert_eq!(moments(&forth), moments(&back));
    }

    #[test]
    fn what_nobody_had_time_for_is_skipped_and_counted_and_the_newest_time_counts() {
        let mut table = Timetable::new(&named(1, SECOND), Duration::ZERO);
        let late = Duration::from_millis(3_250);
        let turn = table.take(late).unwrap();
        assert_eq!(turn, Turn { target: 0, late: Duration::from_millis(250), skipped: 3 });
        assert_eq!(table.take(late), None);
        table.give_back(0, late);
        assert_eq!(table.next_due(), Some(SECOND * 4));
    }

    #[test]
    fn a_target_that_answers_slowly_is_probed_again_at_its_next_moment() {
        let mut table = Timetable::new(&named(1, SECOND), Duration::ZERO);
        table.take(Duration::ZERO).unwrap();
        assert_eq!(table.next_due(), None);
        table.give_back(0, Duration::from_millis(1_200));
        assert_eq!(table.next_due(), Some(SECOND * 2));
    }

    #[test]
    fn what_a_late_look_leaves_no_time_for_is_skipped_and_what_a_slow_target_does_not_is_not() {
        let at = Duration::from_millis;
        for (taken, back, next, skipped) in [(700, 710, 2, 1), (400, 410, 1, 0), (400, 1_100, 2, 1), (0, 1_100, 2, 0)] {
            let mut table = Timetable::new(&named(1, SECOND), Duration::ZERO);
            table.take(at(taken)).unwrap();
            table.give_back(0, at(back));
            assert_eq!(table.next_due(), Some(SECOND * next), "{taken} {back}");
            assert_eq!(table.take(SECOND * next).unwrap().skipped, skipped, "{taken} {back}");
        }
    }

    #[test]
    fn a_target_that_is_wanted_once_is_due_once() {
        let mut table = Timetable::new(&[Entry { name: "app.p".to_owned(), every: None }], SECOND);
        assert_eq!(table.take(SECOND * 9).unwrap().skipped, 0);
        table.give_back(0, SECOND * 9);
        assert_eq!(table.next_due(), None);
    }

    proptest! {
        #[test]
        fn nobody_starves_and_no_two_looks_are_closer_than_half_an_interval(
            intervals in proptest::collection::vec(1_u64..5_000, 1..60),
            pauses in proptest::collection::vec(0_u64..900, 1..200),
        ) {
            let entries: Vec<Entry> = intervals.iter().enumerate()
                .map(|(n, every)| Entry { name: format!("t{n}"), every: Some(Duration::from_millis(*every)) }).collect();
            let mut table = Timetable::new(&entries, SECOND);
            let mut now = SECOND;
            let mut last: BTreeMap<usize, Duration> = BTreeMap::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                while let Some(turn) = table.take(now) {
                    let every = entries[turn.target].every.unwrap();
                    prop_assert!(turn.late < every);
                    if let Some(before) = last.insert(turn.target, now) {
                        prop_assert!(now - before >= every / 2);
                    }
                    table.give_back(turn.target, now);
                }
                for (target, entry) in entries.iter().enumerate() {
                    let idle = now - last.get(&target).copied().unwrap_or(SECOND);
                    prop_assert!(idle <= entry.every.unwrap() * 3 / 2 + Duration::from_millis(4), "{target} {idle:?}");
                }
            }
        }
    }
}
