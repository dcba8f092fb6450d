//! How far long work is: what of how much, how fast, and how long it will still take.

use std::time::Duration;

use backout_core::report::bytes_text;
use jiff::Timestamp;

use super::span;

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Before that nothing can be said about speed.
const MEASURED_AFTER: Duration = Duration::from_millis(500);

/// One piece of work.
pub(super) struct Amount {
    what: String,
    begun: Timestamp,
    said: Timestamp,
}

impl Amount {
    pub(super) fn begun(what: &str, now: Timestamp) -> Self {
        Self { what: what.to_owned(), begun: now, said: now }
    }

    pub(super) fn is_of(&self, what: &str) -> bool {
        self.what == what
    }

    /// Whether it is time for a line; the end always is, where the work took long enough for one before.
    pub(super) fn is_worth_a_line(&mut self, done: u64, of: Option<u64>, now: Timestamp) -> bool {
        let is_over = of == Some(done) && self.said > self.begun;
        if !is_over && since(self.said, now) < LINE_EVERY {
            return false;
        }
        self.said = now;
        true
    }

    /// `backing up main: 412 MB of 1.0 GB (41 %), 98 MB/s, 6 s left`
    pub(super) fn text(&self, done: u64, of: Option<u64>, now: Timestamp) -> String {
        let mut text = format!("{}: {}", self.what, bytes_text(done));
        // An estimate that has been passed says nothing more.
        let of = of.filter(|of| *of >= done && *of > 0);
        if let Some(of) = of {
            text.push_str(&format!(" of {} ({} %)", bytes_text(of), u128::from(done) * 100 / u128::from(of)));
        }
        let took = since(self.begun, now);
        if took < MEASURED_AFTER || done == 0 {
            return text;
        }
        let per_second = u128::from(done) * 1000 / took.as_millis().max(1);
        text.push_str(&format!(", {}/s", bytes_text(u64::try_from(per_second).unwrap_or(u64::MAX))));
        if let Some(left) = of.map(|of| u128::from(of - done)).filter(|left| *left > 0 && per_second > 0) {
            let left = Duration::from_secs(u64::try_from(left / per_second).unwrap_or(u64::MAX));
            text.push_str(&format!(", {} left", span(left)));
        }
        text
    }
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn says_how_fast_it_is_and_how_long_it_will_take() {
        let amount = Amount::begun("backing up main", at(0));
        let text = amount.text(400_000_000, Some(1_000_000_000), at(4));
        assert_eq!(text, "backing up main: 400 MB of 1.0 GB (40 %), 100 MB/s, 6.0 s left");
        assert_eq!(amount.text(5, Some(4), at(0)), "backing up main: 5 B", "the estimate was too low");
        assert_eq!(amount.text(0, None, at(9)), "backing up main: 0 B");
    }

    #[test]
    fn lines_come_now_and_then_and_at_the_end_of_what_took_long() {
        let mut amount = Amount::begun("x", at(0));
        assert!(!amount.is_worth_a_line(1, Some(1), at(1)), "what is over at once is not worth a line");
        assert!(amount.is_worth_a_line(1, Some(3), at(10)));
        assert!(!amount.is_worth_a_line(2, Some(3), at(12)));
        assert!(amount.is_worth_a_line(3, Some(3), at(13)));
    }
}
