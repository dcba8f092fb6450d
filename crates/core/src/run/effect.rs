//! What a run asks of its driver.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::StepId;
use crate::journal::Body;

/// One thing asked of the driver.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a handful of them live for a moment, between two records")]
pub enum Effect {
    /// Append this record, durably, before anything else is done.
    Record(Body),
    /// Do this, and come back with what happened.
    Do(Act),
}

/// Something to do. Each is answered with the body named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Look at what runs and what is red, before anything is changed. Answer: `BeforeSeen`.
    LookBefore,
    /// Record what runs. Answer: `CheckpointTaken`; before a rollback also `PlanMade` or `Refused`, where the facts moved
    /// since the plan was made.
    Capture(CapturePurpose),
    /// Start the dead-man's switch. Answer: `Armed`.
    Arm,
    /// Start the deploy command. Answer: `DeploySpawned`, or `DeployEnded` where it cannot be started.
    StartDeploy,
    /// Wait for the deploy command. Answer: `DeployEnded`.
    AwaitDeploy {
        /// Its process.
        pid: u32,
        /// When that started, in clock ticks since boot.
        started_ticks: u64,
    },
    /// Look at what runs after the deploy command. Answer: `AfterSeen`.
    LookAfter,
    /// Ask the policy what to do. Answer: `Decided`.
    Decide,
    /// Watch until it is healthy again for long enough, or `by` is over. Answer: `Judged`.
    AwaitFix {
        /// When the environment goes back otherwise.
        by: Timestamp,
    },
    /// Switch something on in place of going back. Answer: `FallbackSwitched`.
    FallBack {
        /// Its name.
        name: String,
    },
    /// Watch through the soak, which lasts for as long as one process watches. Answer: `Judged`.
    Watch,
    /// Make a plan for [`super::State::wish`]. Answer: `PlanMade` or `Refused`.
    Plan,
    /// Wait until people have said enough about the plan, or `by` is over. Answer: `ApprovalsEnded`.
    AwaitApprovals {
        /// Until when.
        by: Timestamp,
    },
    /// Do a step and observe whether its target is there. Answer: `StepEnded`.
    Execute {
        /// Which.
        step: StepId,
        /// The try.
        attempt: u32,
    },
    /// Only observe whether the target of a step is there. Answer: `StepEnded` with `AlreadyThere`, `NotThere` or `Unclear`.
    Reobserve {
        /// Which.
        step: StepId,
        /// The try in doubt.
        attempt: u32,
    },
    /// Switch the service of a step back to what ran before, unless that is what runs. Answer: `UndoEnded`.
    Undo {
        /// Which.
        step: StepId,
    },
    /// Repair what a drill broke, as far as going back does not do that. Answer: `Repaired`.
    Repair,
    /// Run the checks. Answer: `Verified`.
    Verify,
    /// Switch maintenance mode on, unless it is. Answer: `MaintenanceEnded`.
    Maintain,
    /// Observe the environment until the time for that is over, something goes bad, or a person ends it. Answer: `Observed`.
    Observe,
}

/// What a checkpoint is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CapturePurpose {
    /// The way back of a deploy.
    BeforeDeploy,
    /// The way back of a rollback: what goes bad is recorded as well.
    BeforeRollback,
    /// What a deploy led to, and was kept.
    Kept,
    /// What a deploy led to that was noticed, and is not judged yet.
    Noticed,
}
