//! The bar that the error rate must stay below after a rollback.
//!
//! A rate that looks a minute back is still high when the version that caused it is gone. So it may come down first, and is
//! news only when it rises again; at the end it must be below.

use serde::{Deserialize, Serialize};

use super::{Measured, Sample, SignalPath};
use crate::policy::Finding;

/// How many samples in a row must be over the bar: one alone may be a scrape gone wrong.
const IN_A_ROW: u32 = 2;

/// Watches one signal. Only what it goes by is written; what it has seen is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorBar {
    signal: SignalPath,
    limit: f64,
    #[serde(skip)]
    has_been_below: bool,
    #[serde(skip)]
    over: u32,
    #[serde(skip)]
    last: Option<(f64, String)>,
}

impl ErrorBar {
    /// The signal must stay below `limit`, a share.
    #[must_use]
    pub fn new(signal: SignalPath, limit: f64) -> Self {
        Self { signal, limit, has_been_below: false, over: 0, last: None }
    }

    /// The signal.
    pub(super) fn signal(&self) -> &SignalPath {
        &self.signal
    }

    /// Weighs a sample.
    ///
    /// | measured       | was below before | in a row | answer            |
    /// |----------------|------------------|----------|-------------------|
    /// | not            |                  |          | nothing           |
    /// | below          |                  |          | nothing           |
    /// | not below      | no               |          | nothing           |
    /// | not below      | yes              | 1        | nothing           |
    /// | not below      | yes              | 2        | it rose again     |
    pub(super) fn sample(&mut self, sample: &Sample) -> Option<Finding> {
        let Measured::Value { value } = sample.measured else { return None };
        if sample.signal != self.signal {
            return None;
        }
        self.last = Some((value, sample.what.clone()));
        if value < self.limit {
            (self.has_been_below, self.over) = (true, 0);
            return None;
        }
        self.over += 1;
        let rose = self.has_been_below && self.over >= IN_A_ROW;
        rose.then(|| self.finding(&format!("rose over {} % again: {}", self.limit * 100.0, sample.what)))
    }

    /// What is wrong at the end: the last that was measured is not below.
    pub(super) fn shortcoming(&self) -> Option<Finding> {
        let (value, what) = self.last.as_ref()?;
        (*value >= self.limit).then(|| self.finding(&format!("is not below {} %: {what}", self.limit * 100.0)))
    }

    fn finding(&self, what: &str) -> Finding {
        Finding { subject: self.signal.to_string(), what: what.to_owned(), was_before: false }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::id::SignalName;

    fn fed(values: &[Option<f64>]) -> (Option<usize>, bool) {
        let signal = SignalPath::Named(SignalName::new("errors").unwrap());
        let mut bar = ErrorBar::new(signal.clone(), 0.01);
        let sample = |value: &Option<f64>| Sample {
            signal: signal.clone(),
            at: Timestamp::UNIX_EPOCH,
            measured: match value {
                Some(value) => Measured::Value { value: *value },
                None => Measured::Unmeasurable { why: String::new() },
            },
            what: String::new(),
            of: None,
        };
        let fired = values.iter().position(|value| bar.sample(&sample(value)).is_some());
        (fired, bar.shortcoming().is_some())
    }

    #[test]
    fn a_rate_may_come_down_and_must_not_rise_again() {
        assert_eq!(fed(&[Some(0.5), Some(0.2), Some(0.001), Some(0.002)]), (None, false));
        assert_eq!(fed(&[Some(0.5), Some(0.001), Some(0.02), Some(0.03)]).0, Some(3));
        assert_eq!(fed(&[Some(0.001), Some(0.02), Some(0.001), Some(0.02)]), (None, true), "never twice in a row");
    }

    #[test]
    fn a_rate_that_never_comes_down_is_told_at_the_end() {
        assert_eq!(fed(&[Some(0.5), Some(0.5), Some(0.4)]), (None, true));
        assert_eq!(fed(&[None, None]), (None, false), "failing to measure is not failing");
    }
}
