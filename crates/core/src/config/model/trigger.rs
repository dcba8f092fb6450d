//! Triggers: when a signal fires and what then is done.

use serde::Serialize;

use crate::detect::{SignalPath, Unit};
use crate::id::TriggerName;

/// A rule that turns a signal into a firing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trigger {
    /// Its name.
    pub name: TriggerName,
    /// What it looks at.
    pub signal: SignalPath,
    /// When a sample counts against the service.
    pub condition: Condition,
    /// How many samples in a row must count before it fires; at least 1.
    pub consecutive: u32,
    /// What is done then.
    pub action: TriggerAction,
    /// Whether it is there without having been configured.
    pub implicit: bool,
}

/// When a sample counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// When it is greater.
    Above(Threshold),
    /// When it is less.
    Below(Threshold),
}

impl Condition {
    /// Whether a sample of this value counts.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        match self {
            Condition::Above(threshold) => value > threshold.value,
            Condition::Below(threshold) => value < threshold.value,
        }
    }

    /// What its limit is counted in.
    #[must_use]
    pub fn unit(&self) -> Unit {
        let (Condition::Above(threshold) | Condition::Below(threshold)) = self;
        threshold.unit
    }
}

/// A limit, in the unit of the samples it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    /// The limit: seconds, a share from 0 to 1, or a bare number. Finite.
    pub value: f64,
    /// What it is counted in.
    pub unit: Unit,
}

/// What a firing leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerAction {
    /// Going back.
    #[default]
    Rollback,
    /// Waiting for a person.
    Hold,
    /// Writing it down.
    Observe,
}
