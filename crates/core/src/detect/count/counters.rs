//! Rises: from what counters show to how much they rose.
//!
//! Contract: a rise is never invented. Where it cannot be told, that part of the look was not measured.
//!
//! | the series                          | rose by                                              |
//! |-------------------------------------|------------------------------------------------------|
//! | shows as much or more               | the difference                                       |
//! | shows less, as it was scraped       | what it shows: its process has started anew          |
//! | shows less, and is a sum of some    | not known: one of them may have started anew         |
//! | is new since the last look          | what it shows: nothing was counted in it before      |
//! | is not there                        | nothing; where it is back, the difference since then |
//! | shows no finite number              | not known                                            |

use std::collections::{BTreeMap, BTreeSet};

use super::question::Part;
use super::snapshot::{Point, Snapshot};
use super::tally::Tally;

/// Follows the counters of one signal from look to look.
#[derive(Debug, Clone, Default)]
pub struct Rises {
    at: Option<f64>,
    last: BTreeMap<String, f64>,
    /// What was there in one look at least: only from then on can it rise.
    begun: BTreeSet<Part>,
}

/// What one part did, by its edge in the order of numbers.
type Sums = BTreeMap<Part, Option<BTreeMap<u64, f64>>>;

impl Rises {
    /// How much was counted since the last look; none from the first one.
    ///
    /// # Errors
    /// Why nothing can be told, in words.
    pub fn since(&mut self, snapshot: &Snapshot) -> Result<Option<Tally>, String> {
        if !snapshot.points.iter().any(|point| point.of == Part::Requests) {
            return Err("the query has no data: no series matches `requests`, or nothing was scraped lately".to_owned());
        }
        let begun = self.begun.clone();
        let mut sums: Sums = BTreeMap::new();
        for point in &snapshot.points {
            let rise = self.rise(point);
            self.begun.insert(point.of);
            let sum = sums.entry(point.of).or_insert_with(|| Some(BTreeMap::new()));
            match (rise, sum.as_mut()) {
                (Some(rise), Some(sum)) => *sum.entry(edge(point)).or_insert(0.0) += rise,
                _ => *sum = None,
            }
        }
        let last = self.at.replace(snapshot.at);
        let span = last.map(|last| snapshot.at - last).filter(|span| *span > 0.0);
        Ok(span.map(|span| tally(snapshot, span, &begun, &sums)))
    }

    fn rise(&mut self, point: &Point) -> Option<f64> {
        let value = point.value?;
        if point.of == Part::Memory {
            return Some(0.0);
        }
        match self.last.insert(point.key.clone(), value) {
            Some(last) if value >= last => Some(value - last),
            None => Some(value),
            Some(_) => point.is_scraped.then_some(value),
        }
    }
}

/// An edge whose order as a whole number is that of the number: edges are no less than zero.
fn edge(point: &Point) -> u64 {
    point.le.unwrap_or(0.0).max(0.0).to_bits()
}

fn tally(snapshot: &Snapshot, span: f64, begun: &BTreeSet<Part>, sums: &Sums) -> Tally {
    let of = |part: Part| match sums.get(&part) {
        Some(sum) => sum.as_ref().map(|sum| sum.values().sum::<f64>()),
        // No request has failed yet, so that no series says so.
        None => Some(0.0),
    };
    let pair = |all: Part, bad: Part| of(all).zip(of(bad)).filter(|_| begun.contains(&all) && sums.contains_key(&all));
    let within = sums.get(&Part::Latency).filter(|_| begun.contains(&Part::Latency)).and_then(Option::as_ref);
    let within = within.into_iter().flatten().map(|(edge, rise)| {
        let edge = f64::from_bits(*edge);
        (Some(edge).filter(|edge| edge.is_finite()), *rise)
    });
    let memory = snapshot.points.iter().filter(|point| point.of == Part::Memory).filter_map(|point| point.value);
    Tally {
        at: snapshot.at,
        span,
        requests: pair(Part::Requests, Part::Errors),
        old: pair(Part::OldRequests, Part::OldErrors),
        within: within.collect(),
        memory: memory.reduce(f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(of: Part, key: &str, value: f64) -> Point {
        let value = Some(value).filter(|value| value.is_finite());
        Point { of, key: format!("{of:?}{key}"), is_scraped: true, le: None, value }
    }

    fn within(le: f64, value: f64) -> Point {
        Point { le: Some(le), ..point(Part::Latency, &le.to_string(), value) }
    }

    /// What was counted in the last of these looks, one a second.
    fn last(looks: &[Vec<Point>]) -> Option<Tally> {
        let mut rises = Rises::default();
        let at = |second: usize| f64::from(u32::try_from(second).unwrap());
        let looks = looks.iter().enumerate().map(|(i, points)| Snapshot { at: at(i), points: points.clone() });
        looks.map(|snapshot| rises.since(&snapshot).ok().flatten()).last().flatten()
    }

    fn counted(looks: &[Vec<Point>]) -> Option<(f64, f64)> {
        last(looks).and_then(|tally| tally.requests)
    }

    #[test]
    fn rises_of_all_series_are_added_up() {
        use Part::{Errors, Requests};
        let looks = [
            vec![point(Requests, "a", 10.0), point(Requests, "b", 1000.0)],
            vec![point(Requests, "a", 15.0), point(Requests, "b", 1001.0), point(Errors, "a", 2.0)],
        ];
        assert_eq!(counted(&looks), Some((6.0, 2.0)), "the first error is the first of its series");
        assert_eq!(last(&looks[..1]), None, "one look is none to count from");
    }

    #[test]
    fn counters_that_start_anew_are_followed_one_by_one() {
        use Part::Requests;
        let all = |a, b| vec![point(Requests, "a", a), point(Requests, "b", b)];
        assert_eq!(counted(&[all(10.0, 1000.0), all(3.0, 1001.0)]), Some((4.0, 0.0)));
        let sum = |value| vec![Point { is_scraped: false, ..point(Requests, "", value) }];
        assert_eq!(counted(&[sum(1010.0), sum(1004.0)]), None, "a sum that fell says nothing");
        assert_eq!(counted(&[sum(1010.0), sum(1004.0), sum(1009.0)]), Some((5.0, 0.0)));
    }

    #[test]
    fn what_was_away_has_risen_since_it_was_last_there() {
        use Part::Requests;
        let both = |a| vec![point(Requests, "a", a), point(Requests, "b", 5.0)];
        let one = vec![point(Requests, "b", 5.0)];
        assert_eq!(counted(&[both(10.0), one, both(12.0)]), Some((2.0, 0.0)));
    }

    #[test]
    fn what_is_no_number_or_not_there_was_not_measured() {
        use Part::Requests;
        let of = |value| vec![point(Requests, "a", value)];
        assert_eq!(counted(&[of(1.0), of(f64::NAN)]), None);
        assert_eq!(counted(&[of(1.0), of(f64::NAN), of(4.0)]), Some((3.0, 0.0)));
        assert!(Rises::default().since(&Snapshot::default()).is_err());
    }

    #[test]
    fn latencies_are_told_by_their_edges_and_memory_by_the_greatest() {
        let requests = |value| point(Part::Requests, "a", value);
        let memory = |key: &str, value| point(Part::Memory, key, value);
        let looks = [
            vec![requests(0.0), within(0.1, 0.0), within(f64::INFINITY, 0.0)],
            vec![requests(9.0), within(f64::INFINITY, 9.0), within(0.1, 7.0), memory("a", 5.0), memory("b", 8.0)],
        ];
        let tally = last(&looks).unwrap();
        assert_eq!((tally.within.clone(), tally.memory), (vec![(Some(0.1), 7.0), (None, 9.0)], Some(8.0)));
        let written = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&written).unwrap(), tally);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_counters_show_makes_more_errors_than_were_counted(
            values in proptest::collection::vec((0.0..1e9_f64, 0.0..1e9_f64), 2..20),
        ) {
            let mut rises = Rises::default();
            for (second, (all, bad)) in (0..).zip(values) {
                let points = vec![point(Part::Requests, "a", all), point(Part::Errors, "a", bad)];
                let tally = rises.since(&Snapshot { at: f64::from(second), points }).unwrap();
                if let Some((requests, errors)) = tally.and_then(|tally| tally.requests) {
                    assert!((0.0..=all).contains(&requests) && (0.0..=bad).contains(&errors));
                }
            }
        }
    }
}
