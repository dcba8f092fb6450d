//! Steps and the plan that they make up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Point, Request, Switch};
use crate::data::Ladder;
use crate::id::{CheckpointId, Digest, EnvironmentName, ServiceName, StepId};
use crate::policy::{Needed, Refusal};

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// What it does.
    pub action: Action,
    /// What it can cost.
    pub class: StepClass,
    /// How it is undone.
    pub way_back: WayBack,
    /// How long it took in past runs, in milliseconds (median).
    pub estimate_ms: Option<u64>,
    /// After how long it counts as failed, in milliseconds.
    pub limit_ms: u64,
    /// How often it may be tried.
    pub attempts: u32,
}

/// What a step can cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepClass {
    /// It changes nothing, or undoing it restores exactly what was.
    Reversible,
    /// Undoing it leads to an equivalent state: the same version in new containers, say.
    Compensable,
    /// It cannot be undone.
    Irreversible,
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum WayBack {
    /// It changes nothing.
    NothingToUndo,
    /// Switch to what ran before, which was captured as a checkpoint of its own when the run began.
    SwitchBack,
    /// Put back the files that were replaced; each was kept before it was replaced.
    PutFilesBack,
    /// Drop the copy that was built beside.
    DropCopy,
    /// Give the database that was put aside its name again.
    SwapBack,
    /// Apply the migrations again, and put back what was kept.
    MigrateForward,
    /// Put back what was kept of the tables.
    PutRowsBack,
    /// Nothing has to be undone: a cache fills itself again.
    Refills,
    /// There is none.
    Impossible {
        /// Why, for a person.
        why: String,
    },
}

/// Ordered steps from the observed facts to a target. Leaves no choice to execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The environment.
    pub environment: EnvironmentName,
    /// When it was made.
    pub made_at: Timestamp,
    /// What was asked for.
    pub request: Request,
    /// The checkpoint to reach.
    pub target: CheckpointId,
    /// When that checkpoint was taken.
    pub target_taken_at: Timestamp,
    /// Which version each service said then that it was, of those that are asked and had answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub target_said: BTreeMap<ServiceName, String>,
    /// The facts it was made from; if they have moved, the plan is void.
    pub facts: Digest,
    /// The facts about databases it was made from, where the environment has some; if they have moved, the plan is void.
    /// See [`super::data::facts_digest`].
    #[serde(default)]
    pub data_facts: Option<Digest>,
    /// The starting point by subject, without what changes by itself: what [`super::Agreed`] compares. Empty in plans of
    /// versions that had no such thing.
    #[serde(default)]
    pub made_from: BTreeMap<String, Point>,
    /// What the names end with that were minted for this plan; empty where none were.
    #[serde(default)]
    pub suffix: String,
    /// What to do, in order. Empty where everything is there already.
    pub steps: Vec<Step>,
    /// The way back of each database that goes back, or must be known to be able to stay.
    #[serde(default)]
    pub data: Vec<Ladder>,
    /// Services that are as the checkpoint has them, and are not touched.
    pub unchanged: Vec<ServiceName>,
    /// Why the plan is as it is, one sentence each.
    pub reasons: Vec<String>,
    /// What stands in the way of running it. Empty for a plan that may run.
    pub blocked_by: Vec<Refusal>,
    /// Refusals that a person overrode by name.
    pub overridden: Vec<Refusal>,
    /// How many people must agree before it runs, where they are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Needed>,
}

impl Plan {
    /// The step of that number.
    #[must_use]
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The steps that change something, in their order.
    pub fn changing(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| !step.action.is_read_only())
    }

    /// Whether anything is changed by a step.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        self.changing().next().is_some()
    }

    /// Whether a step changes data.
    #[must_use]
    pub fn is_changing_data(&self) -> bool {
        self.changing().any(|step| matches!(step.action, Action::Data(_)))
    }

    /// The services that the plan changes, in the order in which it does.
    #[must_use]
    pub fn changed(&self) -> Vec<ServiceName> {
        let mut services: Vec<ServiceName> = Vec::new();
        for step in self.changing() {
            if let Some(service) = step.action.service().filter(|service| !services.contains(service)) {
                services.push(service.clone());
            }
        }
        services
    }

    /// The services that go back to another version, in the order in which they do.
    pub fn switches(&self) -> impl Iterator<Item = &Switch> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Switch(switch) if switch.only.is_none() => Some(switch.as_ref()),
            _ => None,
        })
    }

    /// The services that must be quiet at some time while data goes back.
    #[must_use]
    pub fn fenced(&self) -> BTreeSet<ServiceName> {
        let of_data = self.steps.iter().filter_map(|step| match &step.action {
            Action::Data(step) => Some(&step.fences),
            _ => None,
        });
        of_data.flatten().map(|fence| fence.service.clone()).collect()
    }

    /// How long it took in past runs, in milliseconds, where every changing step has been seen before. Steps that only look
    /// and were never seen count as nothing.
    #[must_use]
    pub fn estimate_ms(&self) -> Option<u64> {
        self.steps.iter().try_fold(0u64, |sum, step| {
            let took = step.estimate_ms.or_else(|| step.action.is_read_only().then_some(0))?;
            Some(sum.saturating_add(took))
        })
    }
}
