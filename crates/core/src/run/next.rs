//! What a run does next: a function of its state alone.

use super::effect::{Act, CapturePurpose, Effect};
use super::state::{Phase, State, StepStatus};
use crate::inventory::Grade;
use crate::journal::{Body, DeployExit, RunKind, RunResult};
use crate::plan::{Step, safety};
use crate::policy::{Choice, RefusalName, Verdict};

const HELD: &str = "a person is needed; nothing was taken back: `backout rollback` does";
const FIX_FORWARD: &str =
    "the deploy went bad and is kept: fix it with the next one, or go back with `backout rollback`";

impl State {
    /// The next record or act; `None` where the run is over or has not begun.
    pub(super) fn next(&self) -> Option<Effect> {
        if let Some(summary) = self.stops_early() {
            return Some(end(RunResult::Aborted, summary));
        }
        let effect = match self.phase {
            Phase::Empty | Phase::Ended(_) => return None,
            Phase::Changed if self.is_about_trouble() => Effect::Do(Act::Watch),
            Phase::Decided(choice) if self.is_about_trouble() => Self::conclude_trouble(choice),
            Phase::Started => Effect::Do(Act::LookBefore),
            Phase::Looked => Effect::Do(Act::Capture(CapturePurpose::BeforeDeploy)),
            Phase::Captured => self.grade_before()?,
            Phase::Ready => self.arm_or_refuse(),
            Phase::Armed => Effect::Record(Body::DeployIntended),
            Phase::DeployIntended if self.is_resumed => Effect::Record(Body::DeployEnded { exit: DeployExit::Unseen }),
            Phase::DeployIntended => Effect::Do(Act::StartDeploy),
            Phase::Deploying { pid, started_ticks } => Effect::Do(Act::AwaitDeploy { pid, started_ticks }),
            Phase::Deployed => Effect::Do(Act::LookAfter),
            Phase::Changed if self.is_noticed() => self.record_noticed()?,
            Phase::Decided(choice) if self.is_noticed() => self.conclude_noticed(choice)?,
            Phase::Changed if self.drill().is_some() => self.after_breaking(),
            Phase::Judged if self.drill().is_some() => self.decide_drill(),
            Phase::Changed => self.judge_deploy(),
            Phase::Judged => self.decide(),
            Phase::Decided(Choice::Keep | Choice::Observe) => Effect::Do(Act::Capture(CapturePurpose::Kept)),
            Phase::KeptCaptured => self.grade_kept()?,
            Phase::Decided(Choice::Hold) => end(RunResult::Held, HELD),
            Phase::Decided(Choice::FixForward) => end(RunResult::FixForward, FIX_FORWARD),
            Phase::Decided(Choice::RollBackUnlessFixed) => self.await_fix(),
            Phase::Decided(Choice::FallBack) | Phase::FallingBack => self.fall_back(),
            Phase::Decided(Choice::RollBack) | Phase::Planning if self.is_to_be_repaired() => Effect::Do(Act::Repair),
            Phase::Decided(Choice::RollBack) | Phase::Planning => Effect::Do(Act::Plan),
            Phase::Planned => self.capture_or_refuse(),
            Phase::AwaitingApprovals => self.await_approvals()?,
            Phase::PresentCaptured => self.grade_present()?,
            Phase::Executing => self.step(),
            Phase::Verified => self.conclude(),
            Phase::Observing => self.observe(),
            Phase::Refused => self.refused(),
            Phase::Escalating => Effect::Do(Act::Maintain),
            Phase::Escalated => self.escalated(),
        };
        Some(effect)
    }

    /// Whether the run has a command of its own that changes things: it guards a deploy, or is a drill.
    #[must_use]
    pub fn is_guard(&self) -> bool {
        let run = self.started.as_ref().map(|started| &started.run);
        matches!(run, Some(RunKind::Guard { .. } | RunKind::Drill(_)))
    }

    /// Why the run ends before its next act, if it does: a guard whose process is gone has nobody who knows the deploy
    /// command, and a person's wish to stop counts wherever nothing is half done.
    ///
    /// What a drill broke is put back nevertheless.
    ///
    /// | phase                                     | interrupted guard | a person wants it to stop         |
    /// |-------------------------------------------|-------------------|-----------------------------------|
    /// | before the deploy command                 | ends              | ends                              |
    /// | while the deploy command runs             | goes on           | ends once the command has ended   |
    /// | after it, before the first step           | goes on           | ends; what was deployed stays     |
    /// | within the steps                          | goes on           | ends between two steps ([`State::step`]) |
    /// | deciding is over: kept, held, verified    | goes on           | goes on                           |
    fn stops_early(&self) -> Option<&'static str> {
        let before_deploy =
            matches!(self.phase, Phase::Started | Phase::Looked | Phase::Captured | Phase::Ready | Phase::Armed);
        let before_steps = matches!(
            self.phase,
            Phase::Deployed
                | Phase::Changed
                | Phase::Judged
                | Phase::Decided(Choice::RollBack | Choice::RollBackUnlessFixed | Choice::FallBack)
                | Phase::Planning
                | Phase::Planned
                | Phase::AwaitingApprovals
                | Phase::PresentCaptured
        );
        let before_steps = before_steps && self.drill().is_none();
        if before_deploy && self.is_resumed && self.is_guard() {
            Some("interrupted before the deploy command was started; nothing was changed")
        } else if self.is_abort_requested && before_steps && !self.tried.is_empty() {
            Some("stopped by a person after a way back that is not verified; see `backout status` for what runs")
        } else if self.is_abort_requested && (before_deploy || (before_steps && !self.is_guard())) {
            Some("stopped by a person before anything was changed")
        } else if self.is_abort_requested && before_steps {
            Some("stopped by a person; what the deploy command changed stays as it is, and nothing watches it")
        } else {
            None
        }
    }

    /// A plan with something in its way never runs, whoever made it; one that people must agree to waits for them.
    fn capture_or_refuse(&self) -> Effect {
        match &self.plan {
            Some(plan) if plan.blocked_by.is_empty() => {
                self.ask_people().unwrap_or(Effect::Do(Act::Capture(CapturePurpose::BeforeRollback)))
            }
            Some(plan) => Effect::Record(Body::Refused { refusals: plan.blocked_by.clone() }),
            None => Effect::Do(Act::Plan),
        }
    }

    /// What runs before the deploy is good if its required checks hold at that moment, unless it is in quarantine: that it
    /// went bad is not forgotten because it has not done so again yet.
    fn grade_before(&self) -> Option<Effect> {
        let failing = self.checks_before.iter().find(|check| check.verdict != Verdict::Healthy);
        let bad = self.quarantined.iter().find(|it| it.runs(&self.before));
        let (grade, why) = match (failing, bad) {
            (None, None) => (Grade::Good, "its required checks held before the deploy".to_owned()),
            (Some(check), _) => (Grade::Candidate, format!("{}: {}", check.name, check.what)),
            (None, Some(it)) => (Grade::Candidate, format!("its checks hold, and it went bad before: {}", it.why)),
        };
        self.grade(grade, why)
    }

    pub(super) fn grade(&self, grade: Grade, why: String) -> Option<Effect> {
        let (checkpoint, _) = self.last_checkpoint.clone()?;
        Some(Effect::Record(Body::Graded { checkpoint, grade, why }))
    }

    fn arm_or_refuse(&self) -> Effect {
        let is_good = self.last_checkpoint.as_ref().is_some_and(|(_, grade)| *grade == Some(Grade::Good));
        let request = self.started.as_ref().map(|started| &started.request);
        if let Some(refusal) = self.refused_drill() {
            return Effect::Record(Body::Refused { refusals: vec![refusal] });
        }
        let is_forced = |name| request.is_some_and(|request| request.forced.contains(&name));
        let gates = [self.not_kept.as_deref(), self.not_confirmed.as_deref()];
        let closed: Vec<_> = gates.into_iter().flatten().filter(|gate| !is_forced(gate.name)).cloned().collect();
        if !closed.is_empty() {
            return Effect::Record(Body::Refused { refusals: closed });
        }
        let named = self.named.as_ref().and_then(|id| self.quarantined.iter().find(|it| it.checkpoint == *id));
        if let Some(named) = named.filter(|_| !self.is_quarantine_forced()) {
            return Effect::Record(Body::Refused { refusals: vec![safety::quarantined(named)] });
        }
        match request {
            Some(_) if is_good || self.has_good_checkpoint || is_forced(RefusalName::NoGoodCheckpoint) => {
                Effect::Do(Act::Arm)
            }
            Some(_) | None => {
                let environment = self.started.as_ref().map(|started| &started.environment);
                let refusals = environment.map(safety::no_good_checkpoint).into_iter().collect();
                Effect::Record(Body::Refused { refusals })
            }
        }
    }

    /// What was kept is good only where it was proven.
    fn grade_kept(&self) -> Option<Effect> {
        let verdict = self.judgement.as_ref().map(|judgement| judgement.verdict);
        let before = self.checks_before.iter().all(|check| check.verdict == Verdict::Healthy);
        let is_good = verdict.map_or(before, |verdict| verdict == Verdict::Healthy);
        match self.last_checkpoint.as_ref()?.1 {
            None if is_good && verdict.is_none() => {
                self.grade(Grade::Good, "its deploy changed nothing, and its required checks held before".to_owned())
            }
            None if self.has_fallen_back() => self.grade(Grade::Candidate, "it was kept with a fallback on".to_owned()),
            None if is_good => self.grade(Grade::Good, "it held through the soak after its deploy".to_owned()),
            None => self.grade(Grade::Candidate, "it was kept, and could not be proven".to_owned()),
            Some(Grade::Good) => Some(end(RunResult::Kept, "the deploy was kept")),
            Some(_) if self.has_fallen_back() => {
                let off = "the deploy was kept with a fallback on; switch that off: `backout fallback off`";
                Some(end(RunResult::KeptUnproven, off))
            }
            Some(_) => Some(end(RunResult::KeptUnproven, "the deploy was kept, and could not be proven good")),
        }
    }

    fn grade_present(&self) -> Option<Effect> {
        if !self.tried.is_empty() {
            self.grade(Grade::Candidate, "what an earlier try at going back left".to_owned())
        } else if self.drill().is_some() {
            self.grade(Grade::Candidate, "what a drill broke on purpose".to_owned())
        } else if self.has_deploy() {
            self.grade(Grade::Bad, "its deploy went bad and was rolled back".to_owned())
        } else {
            self.grade(Grade::Candidate, "what ran when a person rolled back".to_owned())
        }
    }

    fn step(&self) -> Effect {
        if self.is_to_be_armed() && !self.is_abort_requested && (self.is_noticed() || !self.is_resumed) {
            return Effect::Do(Act::Arm);
        }
        let current = self.current_step().filter(|_| self.stopped.is_none());
        let Some((step, status)) = current else { return Effect::Do(Act::Verify) };
        let id = step.id;
        match status {
            None if self.may_stop() => stopped_between_steps(),
            None => Effect::Record(Body::StepIntended { step: id, attempt: 1 }),
            Some(StepStatus::Intended { attempt }) => Effect::Do(Act::Execute { step: id, attempt: *attempt }),
            Some(StepStatus::InDoubt { attempt }) => Effect::Do(Act::Reobserve { step: id, attempt: *attempt }),
            Some(StepStatus::Failed { attempt, .. } | StepStatus::Interrupted { attempt }) => {
                self.after_a_try(step, *attempt)
            }
            Some(StepStatus::Undoing) => Effect::Do(Act::Undo { step: id }),
            Some(StepStatus::Unclear { why }) => end(
                RunResult::Held,
                &format!("whether step {id} was done cannot be found out ({why}); a person is needed now"),
            ),
            Some(StepStatus::Done | StepStatus::Undone { .. }) => Effect::Do(Act::Verify),
        }
    }

    /// A step that was tried and is not there may have left less than ran before it, so a person who wants the run to
    /// stop gets it undone first.
    fn after_a_try(&self, step: &Step, attempt: u32) -> Effect {
        match (self.may_stop(), step.action.is_read_only()) {
            (true, true) => stopped_between_steps(),
            (false, _) if self.may_be_tried_again(step) => {
                Effect::Record(Body::StepIntended { step: step.id, attempt: attempt + 1 })
            }
            (_, _) => Effect::Record(Body::UndoIntended { step: step.id }),
        }
    }
}

pub(super) fn end(result: RunResult, summary: &str) -> Effect {
    Effect::Record(Body::RunEnded { result, summary: summary.to_owned() })
}

fn stopped_between_steps() -> Effect {
    end(RunResult::Aborted, "stopped by a person between two steps; see `backout status` for what runs")
}
