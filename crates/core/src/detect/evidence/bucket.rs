//! Buckets: what was measured over a second, or over a few.

use super::before::Latencies;

/// What was measured over a short time.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    /// When it began, in seconds since the deploy; negative before it.
    pub at: f64,
    /// How long it was, in seconds.
    pub span: f64,
    /// What became of the requests; of the new version's, after the deploy. None where nothing was measured.
    pub new: Option<Counts>,
    /// What became of the old version's beside it.
    pub old: Option<Counts>,
    /// Whether the probe answered.
    pub up: Option<bool>,
    /// How many restarts there were.
    pub restarts: Option<u32>,
    /// Memory in use, in bytes.
    pub memory: Option<f64>,
    /// Whether something that the service depends on was down.
    pub dependency_down: bool,
}

/// What became of requests.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// How many there were.
    pub requests: f64,
    /// How many of them failed.
    pub errors: f64,
    /// How long they took.
    pub latencies: Option<Latencies>,
}

impl Counts {
    /// Those that failed: never more than there were.
    pub(crate) fn bad(&self) -> f64 {
        self.errors.clamp(0.0, self.requests)
    }
}
