//! Objectives of a severity.

use std::time::Duration;

use serde::Serialize;

/// How long it may take, each from the first bad sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Objective {
    /// Until it is noticed.
    pub detect: Option<Duration>,
    /// Until it is decided what to do.
    pub decide: Option<Duration>,
    /// Until it is good again.
    pub restore: Option<Duration>,
}

impl Objective {
    /// This one, with what it does not say from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            detect: self.detect.or(other.detect),
            decide: self.decide.or(other.decide),
            restore: self.restore.or(other.restore),
        }
    }
}
