//! What was asked for: the input of the planner that a person or a verdict chooses.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::{RecoveryTarget, Rung};
use crate::id::{BackupId, CheckpointId, DatabaseName, ServiceName};
use crate::policy::RefusalName;

/// A wish to go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The checkpoint to reach; `None` is the last known good one.
    pub target: Option<CheckpointId>,
    /// Why it is that one, where it was asked for by other words than its id; a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<String>,
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
    /// What is wanted of the databases.
    #[serde(default)]
    pub data: Box<DataWish>,
}

/// What is wanted of the databases.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DataWish {
    /// Databases that go back whether or not the code needs it: a person knows that their rows are damaged.
    pub damaged: BTreeSet<DatabaseName>,
    /// The rung to take, for every database that goes back; `None` is the cheapest that is enough.
    pub rung: Option<Rung>,
    /// Only these tables come back; empty is all.
    pub tables: BTreeSet<String>,
    /// The moment to recover to, where it is not a restore point.
    pub moment: Option<RecoveryTarget>,
    /// The restore point to take; `None` is that of the target checkpoint.
    pub backup: Option<BackupId>,
    /// As many rows may be lost without asking again; `None` accepts no loss.
    pub accept_loss: Option<u64>,
    /// Whether logical slots of the database may be given up.
    pub breaks_slots: bool,
    /// The databases that the last rollback put aside come back.
    pub undoes_swap: bool,
    /// Who agreed to data going back, by the names that the person who asks gave.
    #[serde(default)]
    pub approved_by: BTreeSet<String>,
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
    /// No service: only the databases that [`Request::data`] names.
    Data,
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
            named: Vec::new(),
            scope: Scope::Stack,
            mode: Mode::Planned,
            batch: None,
            is_automatic: true,
            forced: BTreeSet::new(),
            data: Box::default(),
        }
    }
}
