//! What is checked after a rollback.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{LogRule, Smoke};
use crate::detect::{Bar, SignalPath};

/// What must hold after a rollback, and before a checkpoint is graded good.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct VerifyPolicy {
    /// The probes that must hold, each as its `up` signal. With none configured: every probe of every service.
    pub require: Vec<SignalPath>,
    /// Probes that are told and stand in the way of nothing, each as its `up` signal.
    pub advise: Vec<SignalPath>,
    /// Checks that are run once after a rollback, in this order.
    pub smoke: Vec<Smoke>,
    /// Lines that must not be logged after a rollback.
    pub logs: Option<LogRule>,
    /// What a person looks at after a rollback, by name: the question.
    pub manual: BTreeMap<String, String>,
    /// How long the environment is observed after a rollback was verified; zero unless configured.
    pub observe: Duration,
    /// What signals must stay on the right side of after a rollback.
    pub bars: Vec<Bar>,
    /// The share of failed requests that must not be reached after a rollback, 0 to 1: among `bars` where there is a signal of
    /// that name.
    pub error_rate_below: Option<f64>,
}
