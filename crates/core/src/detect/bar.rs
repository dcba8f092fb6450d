//! The bars that signals must stay on the right side of after a rollback: an error rate, a percentile, a number of connections.
//!
//! A rate that looks a minute back is still high when the version that caused it is gone. So a signal may come back first, and is
//! news only when it leaves again; at the end it must be where it belongs.

use serde::{Deserialize, Serialize};

use super::query::in_words;
use super::{Measured, Sample, SignalPath, Unit};
use crate::config::{Condition, Threshold};
use crate::policy::{Check, Finding, Verdict};

/// How many samples in a row must be over the bar: one alone may be a scrape gone wrong.
const IN_A_ROW: u32 = 2;

/// Whether a check of this name says of a signal whether it is where it must be: `errors below 1 %`.
#[must_use]
pub fn is_of_bar(name: &str) -> bool {
    let words = name.split_once(' ').filter(|(signal, _)| signal.parse::<SignalPath>().is_ok());
    words.is_some_and(|(_, words)| words.starts_with("below ") || words.starts_with("above "))
}

/// Watches one signal. Only what it goes by is written; what it has seen is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Bar {
    signal: SignalPath,
    must: Condition,
    #[serde(skip)]
    has_held: bool,
    #[serde(skip)]
    over: u32,
    #[serde(skip)]
    last: Option<f64>,
}

/// A bar as it is written; older versions wrote the share that an error rate must be below.
#[derive(Deserialize)]
struct Written {
    signal: SignalPath,
    must: Option<Condition>,
    limit: Option<f64>,
}

impl From<Written> for Bar {
    fn from(written: Written) -> Self {
        let share = written.limit.unwrap_or_default();
        let must = written.must.unwrap_or(Condition::Below(Threshold { value: share, unit: Unit::Ratio }));
        Self::new(written.signal, must)
    }
}

impl Bar {
    /// The condition must hold of the signal.
    #[must_use]
    pub fn new(signal: SignalPath, must: Condition) -> Self {
        Self { signal, must, has_held: false, over: 0, last: None }
    }

    /// The signal.
    pub(super) fn signal(&self) -> &SignalPath {
        &self.signal
    }

    /// What one look at the signals says of it; nothing where it was not asked for.
    #[must_use]
    pub fn check(&self, samples: &[Sample]) -> Option<Check> {
        let sample = samples.iter().find(|sample| sample.signal == self.signal)?;
        let (verdict, what) = match &sample.measured {
            Measured::Unmeasurable { why } => (Verdict::Unmeasurable, why.clone()),
            Measured::Value { value } if self.must.holds(*value) => (Verdict::Healthy, self.said(*value)),
            Measured::Value { value } => (Verdict::Unhealthy, self.said(*value)),
        };
        let name = format!("{} {}", self.signal, self.words());
        Some(Check { name, verdict, what, was_red_before: false, is_advisory: false })
    }

    /// Weighs a sample.
    ///
    /// | measured       | held before | in a row | answer            |
    /// |----------------|-------------|----------|-------------------|
    /// | not            |             |          | nothing           |
    /// | holds          |             |          | nothing           |
    /// | does not hold  | no          |          | nothing           |
    /// | does not hold  | yes         | 1        | nothing           |
    /// | does not hold  | yes         | 2        | it left again     |
    pub(super) fn sample(&mut self, sample: &Sample) -> Option<Finding> {
        let Measured::Value { value } = sample.measured else { return None };
        if sample.signal != self.signal {
            return None;
        }
        self.last = Some(value);
        if self.must.holds(value) {
            (self.has_held, self.over) = (true, 0);
            return None;
        }
        self.over += 1;
        let left = self.has_held && self.over >= IN_A_ROW;
        left.then(|| self.finding(format!("is not {} any more: {}", self.words(), self.said(value))))
    }

    /// What is wrong at the end: the last that was measured is on the wrong side.
    pub(super) fn shortcoming(&self) -> Option<Finding> {
        let value = self.last.filter(|value| !self.must.holds(*value))?;
        Some(self.finding(format!("is not {}: {}", self.words(), self.said(value))))
    }

    fn words(&self) -> String {
        match self.must {
            Condition::Below(limit) => format!("below {}", in_words(limit.value, limit.unit)),
            Condition::Above(limit) => format!("above {}", in_words(limit.value, limit.unit)),
            Condition::Baseline(_) => "as before".to_owned(),
        }
    }

    fn said(&self, value: f64) -> String {
        in_words(value, self.must.unit())
    }

    fn finding(&self, what: String) -> Finding {
        Finding { subject: self.signal.to_string(), what, was_before: false }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::id::SignalName;

    fn fed(values: &[Option<f64>]) -> (Option<usize>, bool) {
        let signal = SignalPath::Named(SignalName::new("errors").unwrap());
        let mut bar = Bar::new(signal.clone(), Condition::Below(Threshold { value: 0.01, unit: Unit::Ratio }));
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

    #[test]
    fn one_look_says_on_which_side_it_is_in_the_unit_of_the_limit() {
        let signal = SignalPath::Named(SignalName::new("p95").unwrap());
        let bar = Bar::new(signal.clone(), Condition::Below(Threshold { value: 0.5, unit: Unit::Seconds }));
        let looked = |measured| {
            let at = Timestamp::UNIX_EPOCH;
            bar.check(&[Sample { signal: signal.clone(), at, measured, what: "as it is".to_owned(), of: None }])
                .unwrap()
        };
        let slow = looked(Measured::Value { value: 0.7 });
        assert_eq!(
            (slow.name.as_str(), slow.verdict, slow.what.as_str()),
            ("p95 below 500 ms", Verdict::Unhealthy, "700 ms")
        );
        assert_eq!(looked(Measured::Value { value: 0.3 }).verdict, Verdict::Healthy);
        assert_eq!(looked(Measured::Unmeasurable { why: "away".to_owned() }).verdict, Verdict::Unmeasurable);
        assert_eq!(bar.check(&[]), None, "it was not asked for");
    }

    #[test]
    fn what_an_older_version_wrote_is_the_bar_of_an_error_rate() {
        let signal = SignalPath::Named(SignalName::new("errors").unwrap());
        let old = serde_json::json!({ "signal": signal, "limit": 0.01 });
        let must = Condition::Below(Threshold { value: 0.01, unit: Unit::Ratio });
        assert_eq!(serde_json::from_value::<Bar>(old).unwrap(), Bar::new(signal, must));
    }
}
