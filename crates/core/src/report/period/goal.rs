//! Goals: what was agreed of a time of rollbacks as a whole, and what it came to.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::summary::{Share, Spread};
use crate::config::Objectives;

/// What was agreed, as far as something was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Goals {
    /// The share of rollbacks that are verified, 0 to 1.
    pub verified: Option<Goal>,
    /// From the decision to verified on average, in milliseconds.
    pub to_go_back: Option<Goal>,
    /// From the first bad sample to verified on average, in milliseconds.
    pub to_recover: Option<Goal>,
}

/// What was agreed of one figure, and what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Goal {
    /// What was agreed.
    pub agreed: f64,
    /// What it came to; none where there was nothing to measure.
    pub is: Option<f64>,
    /// Whether that is as agreed.
    pub is_met: Option<bool>,
}

impl Goals {
    /// Measures by what was agreed.
    pub(super) fn of(
        objectives: &Objectives,
        rollbacks: Share,
        (to_go_back, to_recover): (Option<Spread>, Option<Spread>),
    ) -> Self {
        let at_least = |agreed: f64, is: Option<f64>| Goal { agreed, is, is_met: is.map(|is| is >= agreed) };
        let at_most = |agreed: Duration, spread: Option<Spread>| {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a rollback")]
            let is = spread.map(|spread| spread.average_ms as f64);
            let agreed = agreed.as_secs_f64() * 1000.0;
            Goal { agreed, is, is_met: is.map(|is| is <= agreed) }
        };
        Self {
            verified: objectives.verified.map(|agreed| at_least(agreed, rollbacks.percent().map(|is| is / 100.0))),
            to_go_back: objectives.average.map(|agreed| at_most(agreed, to_go_back)),
            to_recover: objectives.recovered.map(|agreed| at_most(agreed, to_recover)),
        }
    }
}

impl Goal {
    /// `met`, `MISSED`, or that there was nothing to measure.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.is_met {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "nothing was measured",
        }
    }
}
