//! What may follow what: the one `match` that moves a run from station to station.

use jiff::Timestamp;

use super::conclude::Tried;
use super::state::{Phase, State, StepStatus};
use crate::id::StepId;
use crate::inventory::Grade;
use crate::journal::{Body, Recourse, RunKind, StepOutcome};
use crate::plan::Action;
use crate::policy::Choice;

/// A record that cannot stand where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record `{record}` cannot follow in phase {phase}")]
pub struct Unexpected {
    /// The kind of record.
    pub record: &'static str,
    /// Where the run stood.
    pub phase: String,
}

impl State {
    /// Applies one record, written at `at`.
    ///
    /// # Errors
    /// [`Unexpected`] where the record cannot follow; the state is unchanged then.
    pub(super) fn apply(&mut self, body: &Body, at: Timestamp) -> Result<(), Unexpected> {
        let phase = self.phase;
        let next = match (phase, body) {
            // Said in the moment in which it ended.
            (Phase::Ended(_), Body::ManualAnswered { .. } | Body::Approved { .. } | Body::WellAgain { .. }) => phase,
            (Phase::Ended(_), _) => return Err(self.unexpected(body)),
            (Phase::Empty, Body::RunStarted(started)) => first(&started.run),
            (Phase::Empty, _) => return Err(self.unexpected(body)),
            (_, Body::TakenOver { .. }) => phase,
            (_, body) if body.is_aside() => phase,
            (_, Body::RunEnded { result, .. }) => Phase::Ended(*result),
            (Phase::Started, Body::BeforeSeen { .. }) => self.after_look(),
            (Phase::Looked, Body::CheckpointTaken { .. }) => Phase::Captured,
            (Phase::Captured, Body::Graded { .. }) => Phase::Ready,
            (Phase::Ready, Body::Armed { .. }) => Phase::Armed,
            (Phase::Armed, Body::DeployIntended) => Phase::DeployIntended,
            (Phase::DeployIntended, Body::DeploySpawned { pid, started_ticks }) => {
                Phase::Deploying { pid: *pid, started_ticks: *started_ticks }
            }
            (Phase::DeployIntended | Phase::Deploying { .. }, Body::DeployEnded { .. }) => Phase::Deployed,
            (Phase::Deployed, Body::AfterSeen { .. }) => Phase::Changed,
            (Phase::Changed, Body::Judged { .. }) => Phase::Judged,
            (Phase::Changed | Phase::Judged, Body::Decided { decision }) => Phase::Decided(decision.choice),
            (Phase::Decided(Choice::RollBackUnlessFixed), Body::Judged { .. }) => Phase::Judged,
            (Phase::Decided(Choice::FallBack) | Phase::FallingBack, Body::FallbackSwitched { switching }) => {
                self.after_switching(switching).ok_or_else(|| self.unexpected(body))?
            }
            (Phase::Decided(Choice::Keep | Choice::Observe), Body::CheckpointTaken { .. }) => Phase::KeptCaptured,
            (Phase::KeptCaptured, Body::Graded { .. }) => phase,
            (Phase::Changed, Body::CheckpointTaken { .. } | Body::Graded { .. }) if self.is_noticed() => phase,
            (Phase::Decided(_), Body::Graded { .. }) if self.is_noticed() => phase,
            (Phase::Planning | Phase::Decided(Choice::RollBack), Body::Repaired { .. }) if self.is_to_be_repaired() => {
                phase
            }
            (Phase::Planning | Phase::Planned | Phase::Decided(Choice::RollBack), Body::PlanMade { .. }) => {
                Phase::Planned
            }
            (Phase::Decided(Choice::RollBack) | Phase::Ready, Body::Refused { .. })
            | (Phase::Planning | Phase::Planned, Body::Refused { .. }) => Phase::Refused,
            (Phase::Planned | Phase::AwaitingApprovals, Body::ApprovalsWanted { .. } | Body::ApprovalsEnded { .. }) => {
                self.among_people(body).ok_or_else(|| self.unexpected(body))?
            }
            (Phase::Planned, Body::CheckpointTaken { .. }) if self.lacks_approval().is_none() => Phase::PresentCaptured,
            (Phase::PresentCaptured, Body::Graded { .. }) => Phase::Executing,
            (Phase::Executing, Body::StepIntended { .. } | Body::StepEnded { .. }) => phase,
            (Phase::Executing, Body::UndoIntended { .. } | Body::UndoEnded { .. }) => phase,
            (Phase::Executing, Body::Armed { .. }) if self.is_to_be_armed() => phase,
            (Phase::Executing | Phase::Changed, Body::Verified { .. }) => Phase::Verified,
            (Phase::Verified, Body::AttemptFailed { next, .. }) => after_a_try(*next),
            (Phase::Refused, Body::AttemptFailed { next, .. }) if !self.tried.is_empty() => after_a_try(*next),
            (Phase::Escalating, Body::MaintenanceEnded { .. }) => Phase::Escalated,
            (Phase::Verified, Body::ObservationStarted { .. }) if self.observing.is_none() => Phase::Observing,
            (Phase::Observing, Body::Observed { .. }) => Phase::Verified,
            _ => return Err(self.unexpected(body)),
        };
        self.check_step(body)?;
        self.keep(body, at);
        self.phase = next;
        Ok(())
    }

    fn after_look(&self) -> Phase {
        match self.started.as_ref().map(|started| &started.run) {
            Some(RunKind::Rollback) => Phase::Planning,
            Some(RunKind::Noticed(_)) => Phase::Deployed,
            Some(RunKind::Guard { .. } | RunKind::Drill(_) | RunKind::WentDown) | None => Phase::Looked,
        }
    }

    fn unexpected(&self, body: &Body) -> Unexpected {
        Unexpected { record: body.kind(), phase: format!("{:?}", self.phase) }
    }

    /// A step's records must be about the step that is next, in the order intent, outcome; a grade, about the checkpoint
    /// that waits for one.
    fn check_step(&self, body: &Body) -> Result<(), Unexpected> {
        let current = self.current_step().filter(|_| self.stopped.is_none()).map(|(step, _)| step);
        let is_next = |id: &StepId| current.is_some_and(|step| step.id == *id);
        let fits = match body {
            Body::Graded { checkpoint, .. } => {
                self.last_checkpoint.as_ref().is_some_and(|(last, _)| last == checkpoint)
            }
            Body::StepIntended { step, attempt } => {
                is_next(step)
                    && match self.steps.get(step) {
                        None => *attempt == 1,
                        Some(StepStatus::Failed { attempt: last, .. } | StepStatus::Interrupted { attempt: last }) => {
                            *attempt == last + 1
                        }
                        Some(_) => false,
                    }
            }
            Body::StepEnded { step, attempt, outcome, .. } => {
                let is_gate = current.is_some_and(|step| matches!(step.action, Action::Gate { .. }));
                let is_gates = matches!(outcome, StepOutcome::Recovered { .. } | StepOutcome::Worsened { .. });
                let is_awaited = matches!(
                    self.steps.get(step),
                    Some(StepStatus::Intended { attempt: last } | StepStatus::InDoubt { attempt: last }) if last == attempt
                );
                is_awaited && (is_gate || !is_gates)
            }
            Body::UndoIntended { step } => {
                let is_tried = matches!(
                    self.steps.get(step),
                    Some(StepStatus::Failed { .. } | StepStatus::Interrupted { .. } | StepStatus::Unclear { .. })
                );
                is_next(step) && is_tried && current.is_some_and(|step| !step.action.is_read_only())
            }
            Body::UndoEnded { step, .. } => matches!(self.steps.get(step), Some(StepStatus::Undoing)),
            _ => true,
        };
        if fits { Ok(()) } else { Err(self.unexpected(body)) }
    }

    fn keep(&mut self, body: &Body, at: Timestamp) {
        match body {
            Body::RunStarted(started) => self.started = Some(started.clone()),
            Body::BeforeSeen { .. } => self.keep_before(body),
            Body::CheckpointTaken { checkpoint } => {
                self.last_checkpoint = Some((checkpoint.id.clone(), None));
                if self.phase == Phase::Planned {
                    self.present = Some(checkpoint.id.clone());
                }
            }
            Body::Graded { checkpoint, grade, .. } => self.keep_grade(checkpoint, *grade),
            Body::DeployIntended => self.deploying_since = Some(at),
            Body::DeploySpawned { pid, started_ticks } => self.deploy = Some((*pid, *started_ticks)),
            Body::DeployEnded { exit } => self.exit = Some(exit.clone()),
            Body::AfterSeen { facts, changed, data } => {
                self.after.clone_from(facts);
                self.after_at = Some(at);
                self.changed.clone_from(changed);
                self.databases_after.clone_from(data);
            }
            Body::FixSeen { facts } => self.after.clone_from(facts),
            Body::Armed { .. } => self.is_armed = true,
            Body::Judged { judgement } => self.judgement = Some(judgement.clone()),
            Body::Decided { decision } => self.decision = Some(decision.clone()),
            Body::FallbackSwitched { switching } => self.keep_fallback(switching),
            Body::PlanMade { plan } => {
                self.plan = Some((**plan).clone());
                self.logs.keep(body, at);
            }
            Body::Refused { refusals } => self.refusals.clone_from(refusals),
            Body::Verified { .. }
            | Body::LogsMarked { .. }
            | Body::ObservationStarted { .. }
            | Body::Observed { .. } => self.keep_proof(body, at),
            Body::ApprovalsWanted { plan, .. } => {
                (self.asked_people, self.approvals) = (Some((plan.clone(), at)), None)
            }
            Body::ApprovalsEnded { outcome } => self.approvals = Some(outcome.clone()),
            Body::AbortRequested { .. } => self.is_abort_requested = true,
            Body::TakenOver { .. } => self.is_resumed = true,
            Body::Repaired { .. } => self.is_repaired = true,
            Body::AttemptFailed { .. } | Body::MaintenanceEnded { .. } => self.keep_recourse(body),
            _ => self.keep_step(body),
        }
    }

    fn keep_before(&mut self, body: &Body) {
        let Body::BeforeSeen {
            facts,
            red,
            checks,
            has_good_checkpoint,
            means,
            quarantined,
            named,
            not_kept,
            not_confirmed,
        } = body
        else {
            return;
        };
        self.means = *means;
        self.quarantined.clone_from(quarantined);
        self.named.clone_from(named);
        self.not_kept.clone_from(not_kept);
        self.not_confirmed.clone_from(not_confirmed);
        self.before.clone_from(facts);
        self.red_before.clone_from(red);
        self.checks_before.clone_from(checks);
        self.has_good_checkpoint = *has_good_checkpoint;
    }

    /// What a try led to is behind; the plan stays, for where it led.
    fn keep_recourse(&mut self, body: &Body) {
        match body {
            Body::AttemptFailed { target, why, next, .. } => {
                self.tried.push(Tried { target: target.clone(), why: why.clone(), next: *next });
            }
            Body::MaintenanceEnded { outcome, .. } => self.maintenance = Some(outcome.clone()),
            _ => {}
        }
        self.steps.clear();
        self.interruptions.clear();
        self.checks.clear();
        self.refusals.clear();
        (self.failure, self.stopped, self.present) = (None, None, None);
        self.is_repaired = false;
    }

    fn keep_proof(&mut self, body: &Body, at: Timestamp) {
        match body {
            Body::Verified { checks, facts, red } => {
                self.checks.clone_from(checks);
                self.facts.clone_from(facts);
                self.red_after.clone_from(red);
            }
            Body::LogsMarked { .. } => self.logs.keep(body, at),
            Body::ObservationStarted { for_ms } => self.observing = Some((at, *for_ms)),
            Body::Observed { observation } => self.observation = Some(observation.clone()),
            _ => {}
        }
    }

    fn keep_grade(&mut self, id: &crate::id::CheckpointId, grade: Grade) {
        if let Some((last, its_grade)) = &mut self.last_checkpoint
            && last == id
        {
            *its_grade = Some(grade);
        }
    }

    fn keep_step(&mut self, body: &Body) {
        let (step, status) = match body {
            Body::StepIntended { step, attempt } => (*step, StepStatus::Intended { attempt: *attempt }),
            Body::StepEnded { step, attempt, outcome, .. } => (*step, self.ended(*step, *attempt, outcome)),
            Body::UndoIntended { step } => (*step, StepStatus::Undoing),
            Body::UndoEnded { step, outcome } => (*step, self.undone(*step, outcome)),
            _ => return,
        };
        self.steps.insert(step, status);
    }

    fn ended(&mut self, step: StepId, attempt: u32, outcome: &StepOutcome) -> StepStatus {
        match outcome {
            StepOutcome::Done { .. } | StepOutcome::AlreadyThere { .. } => StepStatus::Done,
            StepOutcome::Failed { why } => {
                self.failure = Some(why.clone());
                StepStatus::Failed { attempt, why: why.clone() }
            }
            StepOutcome::NotThere { seen } => {
                self.failure = Some(format!("interrupted, and not there: {seen}"));
                *self.interruptions.entry(step).or_default() += 1;
                StepStatus::Interrupted { attempt }
            }
            StepOutcome::Unclear { why } => StepStatus::Unclear { why: why.clone() },
            StepOutcome::Recovered { seen } => {
                self.stopped = Some((true, seen.clone()));
                StepStatus::Done
            }
            StepOutcome::Worsened { seen } => {
                self.stopped = Some((false, seen.clone()));
                StepStatus::Done
            }
        }
    }

    fn undone(&mut self, step: StepId, outcome: &StepOutcome) -> StepStatus {
        const NOT_UNDONE: &str = "it could not be undone";
        let (is_back, undo, what) = match outcome {
            StepOutcome::Done { seen } => (true, "it was undone", seen),
            StepOutcome::AlreadyThere { seen } => (true, "what it would have changed is as it was", seen),
            StepOutcome::Failed { why } | StepOutcome::Unclear { why } => (false, NOT_UNDONE, why),
            StepOutcome::NotThere { seen } | StepOutcome::Recovered { seen } | StepOutcome::Worsened { seen } => {
                (false, NOT_UNDONE, seen)
            }
        };
        let why = self.failure.as_deref().unwrap_or("for a reason that was not recorded");
        self.stopped = Some((false, format!("step {step} failed, {why}; {undo}: {what}")));
        StepStatus::Undone { is_back, what: what.clone() }
    }
}

/// Of what went bad while nothing was deployed, only the verdict is to come.
fn first(run: &RunKind) -> Phase {
    if *run == RunKind::WentDown { Phase::Changed } else { Phase::Started }
}

fn after_a_try(next: Recourse) -> Phase {
    match next {
        Recourse::Again | Recourse::OlderCheckpoint => Phase::Planning,
        Recourse::Maintenance => Phase::Escalating,
    }
}
