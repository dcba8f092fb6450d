//! What the detector promises, and what it tolerates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the detector promises, and what it tolerates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// The budget: the chance that a healthy deploy is ever called unhealthy, over all of its signals and the whole watch.
    pub false_alarms: f64,
    /// How long the deploy is watched, in seconds: suspicion is spread over this time.
    pub horizon: f64,
    /// How many times as many errors as before are tolerated.
    pub tolerance: f64,
    /// The share of failing requests that is always tolerated: 0 to 1.
    pub floor: f64,
    /// The share of failing requests that a cold start may have on top, gone within a minute: 0 to 1.
    pub warm: f64,
    /// How many times as slow as before is tolerated.
    pub slower: f64,
    /// With fewer requests of the new version than these, "healthy" is never said.
    pub min_requests: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            false_alarms: 1e-3,
            horizon: 1800.0,
            tolerance: 1.5,
            floor: 0.002,
            warm: 0.02,
            slower: 1.25,
            min_requests: 30,
        }
    }
}

/// How fast the allowance for a cold start is gone, in seconds.
const COLD: f64 = 15.0;

impl Settings {
    /// The share of the allowance for a cold start that is left this long after the deploy, in seconds: 1 to 0.
    pub(crate) fn cold(seconds: f64) -> f64 {
        (-seconds / COLD).exp()
    }

    /// How many times as slow as before is tolerated this long after the deploy, in seconds.
    pub(crate) fn slowness(&self, seconds: f64) -> f64 {
        self.slower * 3.0f64.mul_add(Self::cold(seconds), 1.0)
    }

    /// The share of all suspicion that is spent this long after the deploy: a quarter at once, a third within the first
    /// minute, the rest evenly until the end of the watch. A deploy is most likely to be bad at once; one that goes bad
    /// later is found with what is left.
    pub(crate) fn spent(&self, seconds: f64) -> f64 {
        let early = 0.35 * (seconds / 60.0).clamp(0.0, 1.0);
        let rest = (self.horizon - 61.0).max(1.0);
        let late = 0.40 * ((seconds - 60.0) / rest).clamp(0.0, 1.0);
        0.25 + early + late
    }

    /// The evidence that it takes to call a deploy unhealthy (Ville: a healthy one reaches it with at most the chance of
    /// the budget).
    #[must_use]
    pub fn needed(&self) -> f64 {
        1.0 / self.false_alarms
    }
}
