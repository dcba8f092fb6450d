//! What comes after a way back that is not verified, and what is written about maintenance mode.
//!
//! Contract: what may be done then is recorded when a run begins, so that whoever goes on with it does the same.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inventory::BlobRef;

/// What an automatic run may do where its way back is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Means {
    /// How often the way back to the target is tried in all; at least 1.
    pub attempts: u32,
    /// Whether the next older good checkpoint is tried then.
    pub plan_b: bool,
    /// Whether maintenance mode is switched on then.
    pub maintenance: bool,
}

impl Default for Means {
    fn default() -> Self {
        Self { attempts: 1, plan_b: false, maintenance: false }
    }
}

/// What comes after a try that is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recourse {
    /// The same target once more, planned anew from what runs by now.
    Again,
    /// The next older good checkpoint: plan B.
    OlderCheckpoint,
    /// Maintenance mode is switched on, and a person is called.
    Maintenance,
}

/// Maintenance mode is about to be switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MaintenanceSwitch {
    /// Whether it is switched on; off otherwise.
    pub on: bool,
    /// Who switches it.
    pub by: String,
    /// Why, in the person's words or ours.
    pub reason: Option<String>,
    /// Whether nobody asked for it.
    pub is_automatic: bool,
    /// How everything that is switched was before, by its name, so that `off` restores exactly that.
    pub kept: BTreeMap<String, Former>,
}

/// How something was before maintenance mode was switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Former {
    /// It cannot be seen: a command of the user's own, which `off` undoes by its counterpart.
    Unseen,
    /// There was nothing.
    Absent,
    /// A file.
    File {
        /// Its content.
        content: BlobRef,
        /// Its permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Where it led, as it was written.
        to: String,
    },
    /// Fields of an object of a cluster.
    Fields {
        /// Their values, by field; `null` where there was none.
        fields: BTreeMap<String, serde_json::Value>,
    },
    /// Services of a Compose profile.
    Services {
        /// Those that ran.
        running: Vec<String>,
    },
}

/// How switching maintenance mode ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum MaintenanceOutcome {
    /// Everything was switched, and seen to be.
    Done {
        /// What was seen.
        seen: Vec<String>,
    },
    /// Something was not.
    Failed {
        /// What was seen of the rest.
        seen: Vec<String>,
        /// What is the matter, one sentence each.
        why: Vec<String>,
    },
}
