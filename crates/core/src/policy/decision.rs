//! Decisions: what to do about a verdict, always with the reasons for and against.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Case, Severity};

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Keep what was deployed.
    Keep,
    /// Go back to the last known good checkpoint.
    RollBack,
    /// Go back, unless it is healthy again by a stated time.
    RollBackUnlessFixed,
    /// Change nothing and get a person.
    Hold,
    /// Keep it although it is bad: people fix it with the next deploy.
    FixForward,
    /// Switch something on that the service can do without what is bad: a feature flag, a circuit breaker.
    FallBack,
    /// Keep it, and write down that it was bad.
    Observe,
}

impl Choice {
    /// The words of the configuration. What is good is kept without a rule.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("roll_back", Self::RollBack),
        ("roll_back_unless_fixed", Self::RollBackUnlessFixed),
        ("hold", Self::Hold),
        ("fix_forward", Self::FixForward),
        ("fall_back", Self::FallBack),
        ("observe", Self::Observe),
    ];

    /// Whether the environment goes back, now or later.
    #[must_use]
    pub fn goes_back(self) -> bool {
        matches!(self, Self::RollBack | Self::RollBackUnlessFixed)
    }

    /// What is done, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Keep => "keep the deploy",
            Self::RollBack => "roll back",
            Self::RollBackUnlessFixed => "roll back unless it is fixed in time",
            Self::Hold => "hold for a person",
            Self::FixForward => "keep it, and fix it forward",
            Self::FallBack => "fall back",
            Self::Observe => "keep it, and observe",
        }
    }
}

/// A choice with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// What to do.
    pub choice: Choice,
    /// What speaks for it, one sentence each.
    pub reasons_for: Vec<String>,
    /// What speaks against it.
    #[serde(default)]
    pub reasons_against: Vec<String>,
    /// How it was weighed, where the policy was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighed: Option<Box<Weighed>>,
}

impl Decision {
    /// A decision that needs no policy.
    #[must_use]
    pub fn plain(choice: Choice, reasons_for: Vec<String>, reasons_against: Vec<String>) -> Self {
        Self { choice, reasons_for, reasons_against, weighed: None }
    }

    /// How bad it is, where the policy was asked.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.weighed.as_ref().map(|weighed| weighed.severity)
    }

    /// When the environment goes back unless it is healthy again.
    #[must_use]
    pub fn fix_by(&self) -> Option<Timestamp> {
        self.weighed.as_ref()?.fix_by.filter(|_| self.choice == Choice::RollBackUnlessFixed)
    }
}

/// What the policy came to beside the choice, and from what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Weighed {
    /// How bad it is.
    pub severity: Severity,
    /// The rule that says so.
    pub severity_by: String,
    /// When the environment goes back unless it is healthy again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix_by: Option<Timestamp>,
    /// What is switched on, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// When it is to be decided at the latest, by the objectives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide_by: Option<Timestamp>,
    /// When it is to be good again at the latest, by the objectives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_by: Option<Timestamp>,
    /// What it was decided from.
    pub case: Case,
}
