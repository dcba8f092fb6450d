//! Triggers: when a signal fires and what then is done.

use serde::{Deserialize, Serialize};

use crate::config::read::Leaf;
use crate::detect::{SignalPath, Unit};
use crate::id::TriggerName;
use crate::policy::Impact;

/// A rule that turns a signal into a firing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// What is the matter then; `None` is what the signal says by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// Whether it is there without having been configured.
    pub implicit: bool,
}

/// When a sample counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// When it is greater.
    Above(Threshold),
    /// When it is less.
    Below(Threshold),
    /// When enough evidence says that it is worse than before, or than beside. No single sample counts.
    Baseline(Tolerated),
}

impl Condition {
    /// Whether a sample of this value counts.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        match self {
            Condition::Above(threshold) => value > threshold.value,
            Condition::Below(threshold) => value < threshold.value,
            Condition::Baseline(_) => false,
        }
    }

    /// What its limit is counted in.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self {
            Condition::Above(threshold) | Condition::Below(threshold) => threshold.unit,
            Condition::Baseline(_) => Unit::Ratio,
        }
    }
}

/// A limit, in the unit of the samples it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// The limit: seconds, a share from 0 to 1, or a bare number. Finite.
    pub value: f64,
    /// What it is counted in.
    pub unit: Unit,
}

impl Threshold {
    /// Reads a limit as it is written in the configuration: `500ms`, `5%`, `0.05`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|complaint| format!("`{text}` {}", complaint.what))
    }
}

/// What is tolerated of what is compared with how it was before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tolerated {
    /// How many times as many errors; 1.5.
    pub errors: f64,
    /// How many times as slow; 1.25.
    pub slower: f64,
}

/// What a firing leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
