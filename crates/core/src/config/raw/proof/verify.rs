//! What is checked after going back.

use std::time::Duration;

use super::RawLogs;
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
        /// The share of failed requests that must not be reached after going back.
        error_rate_below: optional Scalar<Percent>,
    }
}
