//! Smoke checks.

use serde::Serialize;

use crate::config::Probe;
use crate::id::ServiceName;

/// A check that is run once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Smoke {
    /// What is measured, and how long that may take.
    pub probe: Probe,
    /// The service in whose container it runs, where it runs in one.
    pub service: Option<ServiceName>,
    /// Whether it stands in the way of nothing.
    pub is_advisory: bool,
}
