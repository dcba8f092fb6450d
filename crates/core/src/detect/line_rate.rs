//! How many lines a second were counted of late.

use std::collections::VecDeque;
use std::time::Duration;

/// A rate that goes by less time than this says nothing.
const LEAST: Duration = Duration::from_secs(3);

/// Counts over a window that ends now. Times are those of a clock that never jumps.
#[derive(Debug, Clone)]
pub struct LineRate {
    window: Duration,
    begun: Duration,
    looks: VecDeque<(Duration, u64)>,
}

impl LineRate {
    /// A window in which nothing was counted before a moment.
    #[must_use]
    pub fn new(window: Duration, begun: Duration) -> Self {
        Self { window, begun, looks: VecDeque::new() }
    }

    /// The time that it takes to say anything: the window, of a long one only its beginning.
    #[must_use]
    pub fn least(window: Duration) -> Duration {
        window.min(LEAST)
    }

    /// Adds what was counted until now. What is older than the window is forgotten.
    pub fn add(&mut self, now: Duration, lines: u64) {
        while self.looks.front().is_some_and(|(at, _)| now.saturating_sub(*at) >= self.window) {
            self.looks.pop_front();
        }
        if lines > 0 {
            self.looks.push_back((now, lines));
        }
    }

    /// How many lines there are in the window.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.looks.iter().map(|(_, lines)| lines).sum()
    }

    /// How long the window is by now; none while that is too short to say anything. What has just begun must look no better
    /// than it is: that would end what is excused because it was bad before.
    #[must_use]
    pub fn over(&self, now: Duration) -> Option<Duration> {
        let over = now.saturating_sub(self.begun).min(self.window);
        (over >= Self::least(self.window)).then_some(over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let mut rate = LineRate::new(seconds(10), seconds(0));
        for (second, lines) in [(0, 5), (4, 1), (9, 2)] {
            rate.add(seconds(second), lines);
        }
        assert_eq!(rate.lines(), 8);
        rate.add(seconds(10), 0);
        assert_eq!(rate.lines(), 3);
        (11..100_000).for_each(|second| rate.add(seconds(second), 1));
        assert_eq!(rate.lines(), 10);
        assert!(rate.looks.len() <= 10);
    }

    #[test]
    fn what_has_just_begun_says_nothing() {
        let rate = LineRate::new(seconds(10), seconds(100));
        let over = |second| rate.over(seconds(second));
        assert_eq!([over(102), over(104), over(200)], [None, Some(seconds(4)), Some(seconds(10))]);
        let short = LineRate::new(seconds(1), seconds(100));
        assert_eq!((short.over(seconds(100)), short.over(seconds(101))), (None, Some(seconds(1))));
    }
}
