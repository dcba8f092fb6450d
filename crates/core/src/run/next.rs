//! What a run does next: a function of its state alone.

use super::effect::{Act, CapturePurpose, Effect};
use super::state::{Phase, State, StepStatus};
use crate::inventory::Grade;
use crate::journal::{Body, DeployExit, RunKind, RunResult};
use crate::policy::{Check, Choice, Decision, RefusalName, Verdict};

/// How often more than planned a step may be tried because whoever was at it was interrupted.
const INTERRUPTIONS: u32 = 3;

impl State {
    /// The next record or act; `None` where the run is over or has not begun.
    pub(super) fn next(&self) -> Option<Effect> {
        let effect = match self.phase {
            Phase::Empty | Phase::Ended(_) => return None,
            _ if self.was_interrupted_before_deploy() => {
                end(RunResult::Aborted, "interrupted before the deploy command was started; nothing was changed")
            }
            Phase::Started => Effect::Do(Act::LookBefore),
            Phase::Looked => Effect::Do(Act::Capture(CapturePurpose::BeforeDeploy)),
            Phase::Captured => self.grade_before()?,
            Phase::Ready => self.arm_or_refuse(),
            Phase::Armed => Effect::Record(Body::DeployIntended),
            Phase::DeployIntended if self.is_resumed => Effect::Record(Body::DeployEnded { exit: DeployExit::Unseen }),
            Phase::DeployIntended => Effect::Do(Act::StartDeploy),
            Phase::Deploying { pid, started_ticks } => Effect::Do(Act::AwaitDeploy { pid, started_ticks }),
            Phase::Deployed => Effect::Do(Act::LookAfter),
            Phase::Changed => self.judge_deploy(),
            Phase::Judged => self.decide(),
            Phase::Decided(Choice::Keep) => Effect::Do(Act::Capture(CapturePurpose::Kept)),
            Phase::KeptCaptured => self.grade_kept()?,
            Phase::Decided(Choice::Hold) => end(RunResult::Held, "a person is needed; nothing was taken back"),
            Phase::Decided(Choice::RollBack) | Phase::Planning => Effect::Do(Act::Plan),
            Phase::Planned => Effect::Do(Act::Capture(CapturePurpose::BeforeRollback)),
            Phase::PresentCaptured => self.grade_present()?,
            Phase::Executing => self.step(),
            Phase::Verified => self.conclude(),
            Phase::Refused => end(RunResult::Refused, "refused; nothing was changed"),
        };
        Some(effect)
    }

    fn is_guard(&self) -> bool {
        matches!(self.started.as_ref().map(|started| &started.run), Some(RunKind::Guard { .. }))
    }

    fn was_interrupted_before_deploy(&self) -> bool {
        let before =
            matches!(self.phase, Phase::Started | Phase::Looked | Phase::Captured | Phase::Ready | Phase::Armed);
        before && self.is_resumed && self.is_guard()
    }

    /// What runs before the deploy is good if its required checks hold at that moment.
    fn grade_before(&self) -> Option<Effect> {
        let (grade, why) = match self.checks_before.iter().find(|check| check.verdict != Verdict::Healthy) {
            None => (Grade::Good, "its required checks held before the deploy".to_owned()),
            Some(check) => (Grade::Candidate, format!("{}: {}", check.name, check.what)),
        };
        self.grade(grade, why)
    }

    fn grade(&self, grade: Grade, why: String) -> Option<Effect> {
        let (checkpoint, _) = self.last_checkpoint.clone()?;
        Some(Effect::Record(Body::Graded { checkpoint, grade, why }))
    }

    fn arm_or_refuse(&self) -> Effect {
        let is_good = self.last_checkpoint.as_ref().is_some_and(|(_, grade)| *grade == Some(Grade::Good));
        let request = self.started.as_ref().map(|started| &started.request);
        let is_forced = request.is_some_and(|request| request.forced.contains(&RefusalName::NoGoodCheckpoint));
        match request {
            Some(_) if is_good || self.has_good_checkpoint || is_forced => Effect::Do(Act::Arm),
            Some(_) | None => {
                let environment = self.started.as_ref().map(|started| &started.environment);
                let refusals = environment.map(crate::plan::safety::no_good_checkpoint).into_iter().collect();
                Effect::Record(Body::Refused { refusals })
            }
        }
    }

    /// | deploy command      | services changed | next                                |
    /// |---------------------|------------------|-------------------------------------|
    /// | succeeded           | none             | keep: there is nothing to watch     |
    /// | succeeded or unseen | some             | watch                               |
    /// | failed or unseen    | none             | verify: there is nothing to undo    |
    /// | failed              | some             | roll back                           |
    fn judge_deploy(&self) -> Effect {
        match (&self.exit, self.changed.is_empty()) {
            (Some(DeployExit::Code { code: 0 }), true) => {
                decided(Choice::Keep, "the deploy changed nothing".to_owned())
            }
            (Some(DeployExit::Code { code: 0 } | DeployExit::Unseen), false) => Effect::Do(Act::Watch),
            (_, true) => Effect::Do(Act::Verify),
            (exit, false) => decided(Choice::RollBack, format!("{} half-way", exit_in_words(exit.as_ref()))),
        }
    }

    fn decide(&self) -> Effect {
        let Some(judgement) = &self.judgement else { return decided(Choice::Hold, "there is no verdict".to_owned()) };
        let findings = |was_before: bool| {
            let found = judgement.findings.iter().filter(move |finding| finding.was_before == was_before);
            found.map(|finding| format!("{}: {}", finding.subject, finding.what)).collect::<Vec<_>>()
        };
        let (choice, reasons_for, reasons_against) = match judgement.verdict {
            Verdict::Unhealthy if judgement.wants_person => (Choice::Hold, findings(false), findings(true)),
            Verdict::Unhealthy => (Choice::RollBack, findings(false), findings(true)),
            Verdict::Healthy => {
                (Choice::Keep, vec!["everything required held through the soak".to_owned()], findings(true))
            }
            Verdict::Inconclusive | Verdict::Unmeasurable => {
                let why = "nothing that the deploy could be blamed for was seen; failing to measure is not failing";
                (Choice::Keep, vec![why.to_owned()], [findings(false), findings(true)].concat())
            }
        };
        Effect::Record(Body::Decided { decision: Decision { choice, reasons_for, reasons_against } })
    }

    /// What was kept is good only where it was proven.
    fn grade_kept(&self) -> Option<Effect> {
        let verdict = self.judgement.as_ref().map(|judgement| judgement.verdict);
        let before = self.checks_before.iter().all(|check| check.verdict == Verdict::Healthy);
        let is_good = verdict.map_or(before, |verdict| verdict == Verdict::Healthy);
        match self.last_checkpoint.as_ref()?.1 {
            None if is_good => self.grade(Grade::Good, "it held through the soak after its deploy".to_owned()),
            None => self.grade(Grade::Candidate, "it was kept, and could not be proven".to_owned()),
            Some(Grade::Good) => Some(end(RunResult::Kept, "the deploy was kept")),
            Some(_) => Some(end(RunResult::KeptUnproven, "the deploy was kept, and could not be proven good")),
        }
    }

    fn grade_present(&self) -> Option<Effect> {
        if self.is_guard() {
            self.grade(Grade::Bad, "its deploy went bad and was rolled back".to_owned())
        } else {
            self.grade(Grade::Candidate, "what ran when a person rolled back".to_owned())
        }
    }

    fn step(&self) -> Effect {
        if self.stopped.is_some() {
            return Effect::Do(Act::Verify);
        }
        let Some((step, status)) = self.current_step() else { return Effect::Do(Act::Verify) };
        let id = step.id;
        if self.is_abort_requested
            && !matches!(status, Some(StepStatus::Intended { .. } | StepStatus::InDoubt { .. } | StepStatus::Undoing))
        {
            return end(
                RunResult::Aborted,
                "stopped by a person between two steps; see `backout status` for what runs",
            );
        }
        match status {
            None => Effect::Record(Body::StepIntended { step: id, attempt: 1 }),
            Some(StepStatus::Intended { attempt }) => Effect::Do(Act::Execute { step: id, attempt: *attempt }),
            Some(StepStatus::InDoubt { attempt }) => Effect::Do(Act::Reobserve { step: id, attempt: *attempt }),
            Some(StepStatus::Failed { attempt, .. }) if *attempt < step.attempts => {
                Effect::Record(Body::StepIntended { step: id, attempt: attempt + 1 })
            }
            Some(StepStatus::Interrupted { attempt }) if *attempt < step.attempts + INTERRUPTIONS => {
                Effect::Record(Body::StepIntended { step: id, attempt: attempt + 1 })
            }
            Some(StepStatus::Failed { .. } | StepStatus::Interrupted { .. }) => {
                Effect::Record(Body::UndoIntended { step: id })
            }
            Some(StepStatus::Undoing) => Effect::Do(Act::Undo { step: id }),
            Some(StepStatus::Unclear { why }) => end(
                RunResult::Held,
                &format!("whether step {id} was done cannot be found out ({why}); a person is needed now"),
            ),
            Some(StepStatus::Done | StepStatus::Undone { .. }) => Effect::Do(Act::Verify),
        }
    }

    fn conclude(&self) -> Effect {
        let blocking: Vec<String> =
            self.checks.iter().filter(|check| check.blocks()).map(|c| format!("{}: {}", c.name, c.what)).collect();
        let exit = exit_in_words(self.exit.as_ref());
        match (&self.plan, &self.stopped, blocking.is_empty()) {
            (None, _, true) => end(RunResult::NothingChanged, &format!("{exit}, and had changed nothing")),
            (None, _, false) => {
                end(RunResult::NotVerified, &format!("{exit}, had changed nothing, and yet: {}", blocking.join("; ")))
            }
            (Some(_), Some((true, seen)), true) => {
                end(RunResult::RolledBack, &format!("health recovered before everything was back: {seen}"))
            }
            (Some(_), Some((_, why)), _) => end(RunResult::NotVerified, &format!("the way back stopped: {why}")),
            (Some(plan), None, true) => {
                end(RunResult::RolledBack, &format!("back at checkpoint `{}`, verified", plan.target))
            }
            (Some(_), None, false) => end(RunResult::NotVerified, &format!("not verified: {}", blocking.join("; "))),
        }
    }
}

fn end(result: RunResult, summary: &str) -> Effect {
    Effect::Record(Body::RunEnded { result, summary: summary.to_owned() })
}

fn decided(choice: Choice, reason: String) -> Effect {
    Effect::Record(Body::Decided {
        decision: Decision { choice, reasons_for: vec![reason], reasons_against: Vec::new() },
    })
}

fn exit_in_words(exit: Option<&DeployExit>) -> String {
    match exit {
        Some(DeployExit::Code { code }) => format!("the deploy command failed with exit code {code}"),
        Some(DeployExit::Signal { signal }) => format!("the deploy command was ended by signal {signal}"),
        Some(DeployExit::TimedOut) => "the deploy command took too long and was ended".to_owned(),
        Some(DeployExit::NotStarted { why }) => format!("the deploy command could not be started: {why}"),
        Some(DeployExit::Unseen) | None => "the deploy command ended unseen".to_owned(),
    }
}

/// Whether the rest of a gradual rollback is to be done, by comparing the checks before it with those now.
///
/// | failing before | failing now            | outcome   |
/// |----------------|------------------------|-----------|
/// | some           | none                   | recovered |
/// | any            | one that held before   | worsened  |
/// | otherwise      |                        | go on     |
#[must_use]
pub fn gate(before: &[Check], now: &[Check]) -> GateVerdict {
    let fails = |checks: &[Check], name: &str| checks.iter().any(|c| c.name == name && c.verdict == Verdict::Unhealthy);
    let failing_now: Vec<&Check> = now.iter().filter(|check| check.verdict == Verdict::Unhealthy).collect();
    let had_failures = before.iter().any(|check| check.verdict == Verdict::Unhealthy);
    if let Some(new) = failing_now.iter().find(|check| !fails(before, &check.name)) {
        return GateVerdict::Worsened(format!("{}: {}", new.name, new.what));
    }
    if failing_now.is_empty() && had_failures { GateVerdict::Recovered } else { GateVerdict::GoOn }
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateVerdict {
    /// Do the next batch.
    GoOn,
    /// The rest need not be done.
    Recovered,
    /// The rest must not be done; the sentence says what got worse.
    Worsened(String),
}
