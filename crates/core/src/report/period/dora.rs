//! DORA's four keys, as far as the journal knows them.
//!
//! Source: <https://dora.dev/guides/dora-metrics-four-keys/>. The journal begins where a deploy begins: how long a change waited
//! before that is known where somebody said when it was committed, and is said to be unknown elsewhere.

use schemars::JsonSchema;
use serde::Serialize;

use super::summary::{Period, Share, Spread};

/// The four keys.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Dora {
    /// Deployment frequency: guarded deploys a day.
    pub deployments_a_day: f64,
    /// Lead time for changes: from commit to running; `None` where the times of commits are not known.
    pub lead_time: Option<Spread>,
    /// Change failure rate.
    pub change_failure_rate: Share,
    /// Time to restore: from the first bad sample to verified.
    pub time_to_restore: Option<Spread>,
}

impl Dora {
    /// The keys of a time.
    #[must_use]
    pub fn of(period: &Period) -> Self {
        Self {
            deployments_a_day: period.deploys_a_day,
            lead_time: period.lead,
            change_failure_rate: period.change_failures,
            time_to_restore: period.to_recover,
        }
    }
}
