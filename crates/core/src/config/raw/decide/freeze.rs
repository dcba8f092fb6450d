//! Freezes and objectives.

use crate::config::leaf::{ClockOffset, Day, Moment, Period};
use crate::config::read::{List, Scalar, raw};
use crate::policy::Severity;

raw! {
    /// A time in which an automatic rollback is left to a person.
    RawFreeze {
        /// What it is called.
        name: optional Scalar<String>,
        /// The days on which it begins, `mon` to `sun`. Default: every day. Only with times of a day.
        days: optional List<Scalar<Day>>,
        /// When it begins: `18:00`, or `2026-12-24T00:00:00Z` for once.
        from: required Scalar<Moment>,
        /// When it ends, written in the same way; a time of a day that is not later than `from` is on the next day.
        until: required Scalar<Moment>,
        /// How far the clock of times of a day is ahead of UTC, such as `+01:00`. Default `+00:00`.
        offset: optional Scalar<ClockOffset>,
        /// Severities that it does not hold up.
        except: optional List<Scalar<Severity>>,
    }
}

raw! {
    /// How long it may take with a severity, each from the first bad sample.
    RawObjective {
        /// Until it is noticed.
        detect: optional Scalar<Period>,
        /// Until it is decided what to do.
        decide: optional Scalar<Period>,
        /// Until it is good again.
        restore: optional Scalar<Period>,
    }
}
