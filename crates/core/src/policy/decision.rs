//! Decisions: what to do about a verdict, always with the reasons for and against.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Keep what was deployed.
    Keep,
    /// Go back to the last known good checkpoint.
    RollBack,
    /// Change nothing and get a person.
    Hold,
}

/// A choice with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// What to do.
    pub choice: Choice,
    /// What speaks for it, one sentence each.
    pub reasons_for: Vec<String>,
    /// What speaks against it.
    #[serde(default)]
    pub reasons_against: Vec<String>,
}
