//! What must not be logged.

use serde::Serialize;

use crate::id::ServiceName;

/// Lines that must not be logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogRule {
    /// The services whose instances' output is read.
    pub services: Vec<ServiceName>,
    /// Files of this host, as they are written in the configuration.
    pub files: Vec<String>,
    /// Regular expressions that compile. A line that one of them matches counts.
    pub not: Vec<String>,
    /// How many such lines are no matter; 0.
    pub at_most: u64,
    /// Whether it stands in the way of nothing.
    pub is_advisory: bool,
}
