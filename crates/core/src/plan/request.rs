//! What was asked for: the input of the planner that a person or a verdict chooses.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{CheckpointId, ServiceName};
use crate::policy::RefusalName;

/// A wish to go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The checkpoint to reach; `None` is the last known good one.
    pub target: Option<CheckpointId>,
    /// How much of the environment.
    pub scope: Scope,
    /// How much care.
    pub mode: Mode,
    /// Verify after every so many services, and stop when health recovers or worsens.
    pub batch: Option<u32>,
    /// Nobody is there to ask.
    pub is_automatic: bool,
    /// Refusals that a person overrides by name.
    #[serde(default)]
    pub forced: BTreeSet<RefusalName>,
}

/// How much of the environment goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Scope {
    /// Every service.
    Stack,
    /// These services.
    Services {
        /// Which.
        services: BTreeSet<ServiceName>,
    },
    /// The configuration files only; services whose files differ are started again with what they run.
    Config,
}

/// How much care is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Old instances get their own stop time; every service is healthy before the next.
    Planned,
    /// One second to stop; services do not wait for one another.
    Emergency,
}

impl Request {
    /// The whole environment to the last known good checkpoint, with nobody there to ask.
    #[must_use]
    pub fn automatic() -> Self {
        Self {
            target: None,
            scope: Scope::Stack,
            mode: Mode::Planned,
            batch: None,
            is_automatic: true,
            forced: BTreeSet::new(),
        }
    }
}
