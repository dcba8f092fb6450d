//! The rules for memory: the only gauge that may condemn a deploy, and only in two ways.
//!
//! | rule        | what must hold, for three minutes on end                                                              |
//! |-------------|--------------------------------------------------------------------------------------------------------|
//! | slow leak   | the troughs of ten minutes rise (Kendall, p < 0.001), do not flatten, and reach the limit in 30 minutes |
//! | fast leak   | more than 80 % of the limit is in use, which it was not before the deploy                              |
//!
//! Troughs, because a collector's saw-tooth is no leak; not flattening, because warming up is none either.

use std::collections::VecDeque;

/// How many troughs are looked at, one a minute.
const TROUGHS: usize = 10;

/// How soon the limit would have to be reached, in minutes.
const SOON: f64 = 30.0;

/// The share of the limit that is too much.
pub(crate) const NEAR: f64 = 0.8;

/// For how many minutes on end a rule must hold.
const LASTING: u32 = 3;

/// Kendall's score of ten values whose rise is chance with less than 0.001: 3.09 standard deviations of 11.18.
const RISING: i32 = 36;

/// Memory through one watch.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    limit: f64,
    /// Whether it was near its limit before the deploy already.
    excused: bool,
    minute_ends: Option<f64>,
    trough: f64,
    peak: f64,
    troughs: VecDeque<f64>,
    leaking: u32,
    near: u32,
    always_near: bool,
}

/// What is wrong with the memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Leak {
    /// It rises by so many bytes a minute, and reaches the limit in so many minutes.
    Slow {
        /// Bytes a minute.
        a_minute: f64,
        /// Minutes.
        left: f64,
    },
    /// So large a share of the limit is in use.
    Fast {
        /// 0 to 1.
        share: f64,
    },
}

impl Memory {
    /// Goes by the limit and by how much was in use before the deploy, at most; both in bytes.
    pub(crate) fn new(limit: f64, before: f64) -> Self {
        Self {
            limit,
            excused: before > NEAR * limit,
            minute_ends: None,
            trough: f64::INFINITY,
            peak: 0.0,
            troughs: VecDeque::with_capacity(TROUGHS),
            leaking: 0,
            near: 0,
            always_near: true,
        }
    }

    /// Takes in what was in use so many seconds after the deploy.
    pub(crate) fn bucket(&mut self, seconds: f64, used: f64) -> Option<Leak> {
        let ends = *self.minute_ends.get_or_insert(seconds + 60.0);
        let mut found = None;
        if seconds >= ends {
            self.minute_ends = Some(ends + 60.0 * ((seconds - ends) / 60.0).floor() + 60.0);
            found = self.minute();
            self.trough = f64::INFINITY;
            self.always_near = true;
        }
        self.trough = self.trough.min(used);
        self.peak = self.peak.max(used);
        self.always_near &= used > NEAR * self.limit;
        found
    }

    /// How many bytes it holds beside itself.
    pub(crate) fn held(&self) -> usize {
        self.troughs.capacity() * size_of::<f64>()
    }

    fn minute(&mut self) -> Option<Leak> {
        if self.troughs.len() == TROUGHS {
            self.troughs.pop_front();
        }
        self.troughs.push_back(self.trough);
        self.near = if self.always_near && !self.excused { self.near + 1 } else { 0 };
        let slow = self.slow();
        self.leaking = if slow.is_some() { self.leaking + 1 } else { 0 };
        if self.leaking >= LASTING {
            return slow;
        }
        (self.near >= LASTING).then(|| Leak::Fast { share: self.trough / self.limit })
    }

    fn slow(&mut self) -> Option<Leak> {
        if self.troughs.len() < TROUGHS {
            return None;
        }
        let all = self.troughs.make_contiguous();
        let (first, last) = all.split_at(TROUGHS / 2);
        let (slope, early, late) = (theil_sen(all), theil_sen(first), theil_sen(last));
        let rises = kendall(all) >= RISING && late >= 0.8 * early && slope.min(late) > 0.0;
        let left = (self.limit - self.peak) / slope.min(late);
        (rises && left < SOON).then_some(Leak::Slow { a_minute: slope, left: left.max(0.0) })
    }
}

/// The pairs of values, the earlier first, with how far they are apart.
fn pairs(values: &[f64]) -> impl Iterator<Item = (f64, f64, usize)> + '_ {
    let later = move |i: usize| (i + 1..values.len()).map(move |j| (values[i], values[j], j - i));
    (0..values.len()).flat_map(later)
}

/// The median slope of all pairs.
#[expect(clippy::cast_precision_loss, reason = "at most ten values")]
fn theil_sen(values: &[f64]) -> f64 {
    let mut slopes: Vec<f64> = pairs(values).map(|(from, to, apart)| (to - from) / apart as f64).collect();
    slopes.sort_by(f64::total_cmp);
    let middle = slopes.len() / 2;
    if slopes.len() % 2 == 1 { slopes[middle] } else { f64::midpoint(slopes[middle - 1], slopes[middle]) }
}

/// How many pairs rise, less those that fall.
fn kendall(values: &[f64]) -> i32 {
    pairs(values).map(|(from, to, _)| i32::from(to > from) - i32::from(to < from)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1e6;

    /// The minute in which a rule speaks, if one does within the hour.
    fn minute(limit: f64, used: impl Fn(f64) -> f64) -> Option<f64> {
        let mut memory = Memory::new(limit, used(0.0));
        (0..3600).map(f64::from).find(|t| memory.bucket(*t, used(*t)).is_some()).map(|t| (t / 60.0).floor())
    }

    #[test]
    fn leaks_are_found_before_the_limit_is_reached() {
        let slow = minute(700.0 * MB, |t| 200.0 * MB + 10.0 * MB * t / 60.0);
        assert!(slow.is_some_and(|m| (20.0..=25.0).contains(&m)), "{slow:?}");
        let faster = minute(700.0 * MB, |t| 200.0 * MB + 30.0 * MB * t / 60.0);
        assert!(faster.is_some_and(|m| m <= 16.0), "{faster:?}");
    }

    #[test]
    fn what_only_warms_up_or_saws_is_no_leak() {
        let warming = |t: f64| 200.0 * MB + 300.0 * MB * (1.0 - (-t / 600.0).exp());
        assert_eq!(minute(700.0 * MB, warming), None);
        let sawing = |t: f64| 200.0 * MB + 3.0 * MB * (t % 90.0);
        assert_eq!(minute(700.0 * MB, sawing), None);
    }

    #[test]
    fn what_was_near_its_limit_before_is_not_blamed_on_the_deploy() {
        assert_eq!(minute(100.0 * MB, |_| 90.0 * MB), None);
    }
}
