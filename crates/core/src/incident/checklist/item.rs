//! One item of a checklist.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::defaults::defaults;

/// When an item is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Before anything is changed.
    Before,
    /// While the environment goes back.
    During,
    /// Once it is back.
    After,
}

impl Part {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    /// As a heading.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Before => "Before",
            Self::During => "During",
            Self::After => "After",
        }
    }
}

/// One thing to see to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// When.
    pub part: Part,
    /// What it is answered by: `backout incident check INCIDENT ITEM`.
    pub id: String,
    /// What holds once it is done, in a sentence.
    pub text: String,
    /// What in the journal shows it; `None` where only a person can say.
    pub evidence: Option<Evidence>,
}

/// What in the records of an incident shows that an item is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// There is an incident.
    Declared,
    /// It has a severity.
    Rated,
    /// The services are known.
    Services,
    /// What was seen is recorded.
    Symptoms,
    /// What is bad was not so before the deploy.
    DeployToBlame,
    /// It was decided to go back.
    BackDecided,
    /// Somebody was told.
    Told,
    /// Somebody leads.
    Led,
    /// There is a plan to a checkpoint.
    Target,
    /// The plan's order and its checks.
    Planned,
    /// The restore points that are relied on were verified.
    Backups,
    /// What ran is kept: checkpoint, logs, states.
    Kept,
    /// Every step was done.
    Steps,
    /// The checks hold.
    Checks,
    /// The smoke checks hold.
    Smoke,
    /// The data was proven.
    Data,
    /// It is as it should be again.
    Restored,
    /// Signals came back to where they belong.
    Measured,
    /// It was told that it is over.
    EndTold,
    /// A status page was told that it is over.
    PageTold,
    /// The records of what was done.
    Recorded,
    /// A note about the cause.
    Cause,
    /// A note about the impact.
    Impact,
    /// A note about what is to be done.
    Actions,
    /// A later deploy was kept.
    FixDeployed,
}

/// The items, in the order to go through them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Checklists(pub Vec<Item>);

impl Checklists {
    /// With the checks of the configuration that only a person can make, by name, as items for afterwards.
    #[must_use]
    pub fn with_manual(mut self, checks: &BTreeMap<String, String>) -> Self {
        for (id, question) in checks {
            if !self.0.iter().any(|item| item.id == *id) {
                self.0.push(Item { part: Part::After, id: id.clone(), text: question.clone(), evidence: None });
            }
        }
        self
    }
}

impl Default for Checklists {
    fn default() -> Self {
        Self(defaults())
    }
}
