//! Where a run stands.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::conclude::Tried;
use crate::detect::SignalPath;
use crate::id::{CheckpointId, Digest, ServiceName, StepId};
use crate::inventory::{DatabasesAfter, Fact, Grade};
use crate::journal::{DeployExit, LogsSince, MaintenanceOutcome, Means, Observation, RunResult, RunStarted};
use crate::plan::{Plan, Step};
use crate::policy::{ApprovalsOutcome, Check, Choice, Decision, Judgement, Quarantined, Refusal};

/// How often a step may be tried once more because whoever was at it was interrupted. Such a try is not counted as a
/// failure: the step did not fail.
const INTERRUPTIONS: u32 = 3;

/// The stations of a run. A guard takes them from the top; a rollback goes from `Started` straight to `Planning`, a deploy that
/// was noticed to `Deployed`; what went bad while nothing was deployed begins with `Changed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No record yet.
    Empty,
    /// The run is announced.
    Started,
    /// What runs, and what was red, is known.
    Looked,
    /// The checkpoint before the deploy is durable, and has no grade yet.
    Captured,
    /// It has its grade.
    Ready,
    /// The dead-man's switch stands by.
    Armed,
    /// The deploy command may have been started.
    DeployIntended,
    /// The deploy command runs.
    Deploying {
        /// Its process.
        pid: u32,
        /// When that started, in clock ticks since boot.
        started_ticks: u64,
    },
    /// The deploy command has ended.
    Deployed,
    /// What it changed is known.
    Changed,
    /// The watch came to a verdict.
    Judged,
    /// It is decided what to do.
    Decided(Choice),
    /// A fallback may have been switched on.
    FallingBack,
    /// What was kept is recorded, and has no grade yet.
    KeptCaptured,
    /// A plan is wanted.
    Planning,
    /// There is a plan, and what runs now is not recorded yet.
    Planned,
    /// The plan waits for people to agree to it.
    AwaitingApprovals,
    /// What runs now is recorded, and has no grade yet.
    PresentCaptured,
    /// The steps are being done.
    Executing,
    /// The checks have been run.
    Verified,
    /// The environment is back and verified, and is observed.
    Observing,
    /// Nothing may be changed.
    Refused,
    /// Every way back was tried; maintenance mode is wanted.
    Escalating,
    /// It is on, or could not be switched on.
    Escalated,
    /// The run is over.
    Ended(RunResult),
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepStatus {
    /// Announced, being done.
    Intended {
        /// The try.
        attempt: u32,
    },
    /// Announced by a process that is gone; whether it was done is not known.
    InDoubt {
        /// The try.
        attempt: u32,
    },
    /// Its target was observed to be there.
    Done,
    /// Its target is not there after that many tries.
    Failed {
        /// Tries so far.
        attempt: u32,
        /// What happened.
        why: String,
    },
    /// Looked at again after an interruption: its target is not there, and whoever was at it did not fail.
    Interrupted {
        /// The try that was interrupted.
        attempt: u32,
    },
    /// It cannot be found out whether its target is there.
    Unclear {
        /// Why.
        why: String,
    },
    /// Being undone.
    Undoing,
    /// Undone, or not; the sentence says which.
    Undone {
        /// Whether what ran before runs again.
        is_back: bool,
        /// What was observed.
        what: String,
    },
}

/// Everything that the records of a run say, as of the last of them.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Where it stands.
    pub phase: Phase,
    /// How it began.
    pub started: Option<RunStarted>,
    /// What ran before anything was changed.
    pub before: Vec<Fact>,
    /// What was red before anything was changed.
    pub red_before: Vec<SignalPath>,
    /// The required checks before anything was changed.
    pub checks_before: Vec<Check>,
    /// Whether there is a good checkpoint to go back to.
    pub has_good_checkpoint: bool,
    /// What may be done where the way back is not verified.
    pub means: Means,
    /// What is in quarantine.
    pub quarantined: Vec<Quarantined>,
    /// What of it the deploy command says that it brings back.
    pub named: Option<CheckpointId>,
    /// Why what is to be deployed may not be, because it was not kept elsewhere first.
    pub not_kept: Option<Box<Refusal>>,
    /// Why a deploy may not begin, because nobody has confirmed what must be so before it.
    pub not_confirmed: Option<Box<Refusal>>,
    /// The checkpoint taken last, and what grade it has by now.
    pub last_checkpoint: Option<(CheckpointId, Option<Grade>)>,
    /// The checkpoint of what ran when the rollback began: what a failed step is undone to.
    pub present: Option<CheckpointId>,
    /// The deploy command's process and when that started, in clock ticks since boot.
    pub deploy: Option<(u32, u64)>,
    /// When the deploy command was about to start.
    pub deploying_since: Option<Timestamp>,
    /// How the deploy command ended.
    pub exit: Option<DeployExit>,
    /// What ran after the deploy command.
    pub after: Vec<Fact>,
    /// When that was seen.
    pub after_at: Option<Timestamp>,
    /// The services that the deploy changed.
    pub changed: Vec<ServiceName>,
    /// What the deploy did to the databases.
    pub databases_after: DatabasesAfter,
    /// Whether the dead-man's switch was armed.
    pub is_armed: bool,
    /// The verdict of the watch.
    pub judgement: Option<Judgement>,
    /// What was decided.
    pub decision: Option<Decision>,
    /// The fallback that is being switched on.
    pub falling_back: Option<String>,
    /// The fallbacks that this run has switched on, and those that it could not.
    pub fallbacks: BTreeMap<String, bool>,
    /// The plan.
    pub plan: Option<Plan>,
    /// The digest of the plan that people are asked about, and since when.
    pub asked_people: Option<(Digest, Timestamp)>,
    /// How waiting for them ended.
    pub approvals: Option<ApprovalsOutcome>,
    /// The steps that were begun.
    pub steps: BTreeMap<StepId, StepStatus>,
    /// How often whoever was at a step was interrupted before its target was there.
    pub interruptions: BTreeMap<StepId, u32>,
    /// Why the last try of a step failed.
    pub failure: Option<String>,
    /// What stands in the way, where the run was refused.
    pub refusals: Vec<Refusal>,
    /// Why the remaining steps are left out, and whether because health recovered.
    pub stopped: Option<(bool, String)>,
    /// The checks after the rollback.
    pub checks: Vec<Check>,
    /// What runs after the rollback.
    pub facts: Vec<Fact>,
    /// The ways back that were tried before the one that is being tried now.
    pub tried: Vec<Tried>,
    /// How switching maintenance mode on ended, where it was.
    pub maintenance: Option<MaintenanceOutcome>,
    /// The signals that were red then.
    pub red_after: Vec<SignalPath>,
    /// From where it counts what is logged after the way back.
    pub logs: LogsSince,
    /// Since when the environment is observed, and for how long, in milliseconds.
    pub observing: Option<(Timestamp, u64)>,
    /// What became of observing it.
    pub observation: Option<Observation>,
    /// Whether what a drill broke was repaired as far as going back does not do that.
    pub is_repaired: bool,
    /// Whether a person wants the run to stop.
    pub is_abort_requested: bool,
    /// Whether this process goes on with what another began.
    pub is_resumed: bool,
}

impl State {
    /// A run without a record.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            phase: Phase::Empty,
            started: None,
            before: Vec::new(),
            red_before: Vec::new(),
            checks_before: Vec::new(),
            has_good_checkpoint: false,
            means: Means::default(),
            quarantined: Vec::new(),
            named: None,
            not_kept: None,
            not_confirmed: None,
            last_checkpoint: None,
            present: None,
            deploy: None,
            deploying_since: None,
            exit: None,
            after: Vec::new(),
            after_at: None,
            changed: Vec::new(),
            databases_after: DatabasesAfter::default(),
            is_armed: false,
            judgement: None,
            decision: None,
            falling_back: None,
            fallbacks: BTreeMap::new(),
            plan: None,
            asked_people: None,
            approvals: None,
            steps: BTreeMap::new(),
            interruptions: BTreeMap::new(),
            failure: None,
            refusals: Vec::new(),
            stopped: None,
            checks: Vec::new(),
            facts: Vec::new(),
            tried: Vec::new(),
            maintenance: None,
            red_after: Vec::new(),
            logs: LogsSince::default(),
            observing: None,
            observation: None,
            is_repaired: false,
            is_abort_requested: false,
            is_resumed: false,
        }
    }

    /// The plan's first step that is neither done nor put behind otherwise, with where it stands.
    #[must_use]
    pub fn current_step(&self) -> Option<(&Step, Option<&StepStatus>)> {
        let steps = &self.plan.as_ref()?.steps;
        steps.iter().map(|step| (step, self.steps.get(&step.id))).find(|(step, status)| !self.is_behind(step, *status))
    }

    /// Whether the dead-man's switch is wanted before the first step: a person's rollback that acts on a database must not
    /// stay half done because a terminal was closed, and nobody may look on when a noticed deploy is taken back. A guard has
    /// armed it before its deploy command.
    pub(super) fn is_to_be_armed(&self) -> bool {
        let plan = self.plan.as_ref().filter(|_| !self.is_armed && self.steps.is_empty() && !self.is_guard());
        plan.is_some_and(|plan| self.is_noticed() || plan.is_changing_data())
    }

    /// Whether a step whose last try did not reach its target may be tried again: as often as the plan says after
    /// failures, and a few times more after interruptions.
    pub(super) fn may_be_tried_again(&self, step: &Step) -> bool {
        let interruptions = self.interruptions.get(&step.id).copied().unwrap_or(0);
        match self.steps.get(&step.id) {
            Some(StepStatus::Failed { attempt, .. }) => attempt.saturating_sub(interruptions) < step.attempts,
            Some(StepStatus::Interrupted { .. }) => interruptions <= INTERRUPTIONS,
            _ => false,
        }
    }

    /// Whether a step needs nothing more. Collecting evidence and waiting for health may fail without stopping the way
    /// back: the environment converges on the target, and the verification says how it is.
    fn is_behind(&self, step: &Step, status: Option<&StepStatus>) -> bool {
        match status {
            Some(StepStatus::Done) => true,
            Some(StepStatus::Failed { .. } | StepStatus::Interrupted { .. }) => {
                step.action.is_read_only() && !self.may_be_tried_again(step)
            }
            Some(StepStatus::Unclear { .. }) => step.action.is_read_only(),
            _ => false,
        }
    }
}
