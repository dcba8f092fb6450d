//! What is checked after going back.

use std::time::Duration;

use super::RawLogs;
use crate::config::Threshold;
use crate::config::leaf::{CheckPath, Percent};
use crate::config::raw::RawProbe;
use crate::config::read::{List, Map, Scalar, raw};

raw! {
    /// What must hold after going back, and for a checkpoint to be good.
    RawVerify {
        /// The probes that must hold, as `SERVICE.PROBE`. Default: all of them.
        require: optional List<Scalar<CheckPath>>,
        /// Probes that are told after going back and stand in the way of nothing, as `SERVICE.PROBE`.
        advise: optional List<Scalar<CheckPath>>,
        /// Checks that are run once after going back, in this order.
        smoke: optional List<RawProbe>,
        /// Lines that must not be logged after going back.
        logs: optional RawLogs,
        /// What a person looks at after going back, by name: the question.
        manual: optional Map<Scalar<String>>,
        /// How long to observe after going back. Default 0s.
        observe: optional Scalar<Duration>,
        /// What signals must come back to after going back, by the signal's name: `{ latency: { below: 500ms } }`.
        signals: optional Map<RawBar>,
        /// The share of failed requests that must not be reached after going back: a limit of the signal `errors` or `error_rate`.
        error_rate_below: optional Scalar<Percent>,
    }
}

raw! {
    /// The side of a limit on which a signal must be: one of the two.
    RawBar {
        /// It must be greater.
        above: optional Scalar<Threshold>,
        /// It must be less.
        below: optional Scalar<Threshold>,
    }
}
