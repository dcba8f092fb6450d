//! What the records of a run have told so far, and what that makes of the next one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Alert, Event, Severity};
use crate::detect::{SignalPath, is_error_rate};
use crate::id::ServiceName;
use crate::journal::{ActStage, Body, MaintenanceOutcome, Record, Recourse, RunKind, RunResult, RunStarted};
use crate::plan::Plan;
use crate::policy::{self, Check, Choice, Decision, Fired, Judgement, Verdict};

/// What the records so far have told.
#[derive(Default)]
pub(super) struct Known<'a> {
    pub(super) started: Option<&'a RunStarted>,
    pub(super) began: Option<Timestamp>,
    pub(super) judgement: Option<&'a Judgement>,
    pub(super) reasons: Vec<String>,
    pub(super) decision: Option<&'a Decision>,
    /// The plan that is followed.
    pub(super) plan: Option<&'a Plan>,
    /// What services said of themselves before the deploy, or whatever the run is about.
    pub(super) said_before: Option<&'a BTreeMap<ServiceName, String>>,
    /// The same as recorded last: once the deploy was kept, or before what went bad is taken back.
    pub(super) said_last: Option<&'a BTreeMap<ServiceName, String>>,
    /// The share of requests that failed, in words: as last measured.
    pub(super) error_rate: Option<String>,
    /// How many ways back were tried and are not verified.
    pub(super) failed: u32,
    pub(super) worst: Severity,
    /// Whether the environment was observed after it was taken back.
    is_observed: bool,
}

impl<'a> Known<'a> {
    /// Takes in one more record.
    pub(super) fn learn(&mut self, record: &'a Record) {
        match &record.body {
            Body::RunStarted(started) => (self.started, self.began) = (Some(started), Some(record.at)),
            Body::Judged { judgement } => {
                self.judgement = Some(judgement);
                self.error_rate = judgement.fired.as_deref().and_then(error_rate).or(self.error_rate.take());
            }
            Body::Decided { decision } => {
                self.reasons.clone_from(&decision.reasons_for);
                self.decision = Some(decision);
            }
            Body::PlanMade { plan } => self.plan = Some(plan),
            Body::CheckpointTaken { checkpoint } if self.plan.is_some() || self.said_before.is_some() => {
                self.said_last = Some(&checkpoint.said);
            }
            Body::CheckpointTaken { checkpoint } => self.said_before = Some(&checkpoint.said),
            Body::AttemptFailed { attempt, .. } => self.failed = *attempt,
            Body::Refused { refusals } => {
                self.reasons = refusals.iter().map(|refusal| format!("{}: {}", refusal.name, refusal.what)).collect();
            }
            Body::Verified { checks, .. } => {
                let rate = checks.iter().find(|check| is_of_errors(check) && check.verdict != Verdict::Unmeasurable);
                self.error_rate = rate.map(|check| check.what.clone()).or(self.error_rate.take());
                let failing = checks.iter().filter(|check| check.blocks());
                self.reasons = failing.map(|check| format!("{}: {}", check.name, check.what)).collect();
            }
            Body::ObservationStarted { .. } => self.is_observed = true,
            Body::Observed { observation } => {
                let new = observation.findings.iter().filter(|finding| !finding.was_before);
                self.reasons = new.map(|finding| format!("{}: {}", finding.subject, finding.what)).collect();
            }
            _ => {}
        }
    }

    /// What people are told of at a record, if anything. Of a drill they are told only where what it broke is not back.
    pub(super) fn event(&self, record: &Record) -> Option<Event> {
        let is_drill = self.started.is_some_and(|started| matches!(started.run, RunKind::Drill(_)));
        let is_left = |event: &Event| matches!(event, Event::NotVerified | Event::Held);
        self.any_event(record).filter(|event| !is_drill || is_left(event))
    }

    /// Of something that went bad while nothing was deployed.
    ///
    /// | record                          | notice     |
    /// |---------------------------------|------------|
    /// | ended held, or to be fixed      | went down  |
    /// | ended in any other way          | none: it was over, or is only observed |
    /// | it holds again                  | well again |
    fn of_trouble(record: &Record) -> Option<Event> {
        match &record.body {
            Body::RunEnded { result: RunResult::Held | RunResult::FixForward, .. } => Some(Event::WentDown),
            Body::WellAgain { .. } => Some(Event::WellAgain),
            _ => None,
        }
    }

    fn any_event(&self, record: &Record) -> Option<Event> {
        if self.started.is_some_and(|started| started.run == RunKind::WentDown) {
            return Self::of_trouble(record);
        }
        let is_rollback = self.started.is_some_and(|started| matches!(started.run, RunKind::Rollback));
        match &record.body {
            // That a person takes it back is told with what goes back to what.
            Body::RunStarted(_) => (!is_rollback).then_some(Event::Started),
            // What comes after the first plan is told as another try.
            Body::PlanMade { plan } if !plan.blocked_by.is_empty() || self.failed > 0 => None,
            Body::PlanMade { .. } => Some(if is_rollback { Event::Started } else { Event::GoingBack }),
            // What a run does is told with its plan, and what it ends with at its end.
            Body::Decided { decision } => (decision.choice == Choice::RollBackUnlessFixed).then_some(Event::Countdown),
            Body::FallbackSwitched { switching } if matches!(switching.stage, ActStage::Done { .. }) => {
                Some(Event::FellBack)
            }
            Body::ApprovalsWanted { .. } => Some(Event::ApprovalWanted),
            Body::TakenOver { .. } => Some(Event::TakenOver),
            Body::AttemptFailed { next, .. } if *next != Recourse::Maintenance => Some(Event::TryingAgain),
            Body::MaintenanceEnded { on: true, outcome: MaintenanceOutcome::Done { .. } } => Some(Event::MaintenanceOn),
            Body::ObservationStarted { .. } => Some(Event::RolledBack),
            Body::ManualAnswered { answer } if !answer.holds => Some(Event::WentBadAgain),
            Body::RunEnded { result, .. } => Some(self.end(*result)),
            _ => None,
        }
    }

    fn end(&self, result: RunResult) -> Event {
        match result {
            RunResult::RolledBack if self.is_observed => Event::Observed,
            RunResult::NotVerified if self.is_observed => Event::WentBadAgain,
            RunResult::Kept => Event::Kept,
            RunResult::KeptUnproven => Event::KeptUnproven,
            RunResult::RolledBack => Event::RolledBack,
            RunResult::NothingChanged => Event::NothingChanged,
            RunResult::NotVerified => Event::NotVerified,
            RunResult::Refused => Event::Refused,
            RunResult::Held => Event::Held,
            RunResult::FixForward => Event::FixForward,
            RunResult::Aborted => Event::Aborted,
        }
    }

    /// How severe it is for those who are told: trouble is as severe as the policy says, and never less than what it is.
    ///
    /// | P0, P1   | P2    | P3, P4  |
    /// |----------|-------|---------|
    /// | critical | error | warning |
    pub(super) fn severity(&self, event: Event) -> Severity {
        let said = match self.decision.and_then(Decision::severity).filter(|_| event.alert() == Some(Alert::Trigger)) {
            Some(policy::Severity::P0 | policy::Severity::P1) => Severity::Critical,
            Some(policy::Severity::P2) => Severity::Error,
            Some(policy::Severity::P3 | policy::Severity::P4) => Severity::Warning,
            None => Severity::Info,
        };
        said.max(event.severity())
    }

    /// Services that say of themselves another version than they did, each with what it said where that is known, and what it
    /// says, or shall say again.
    ///
    /// | the run             | said                           | says                 |
    /// |---------------------|--------------------------------|----------------------|
    /// | takes something back | when that was recorded, or unknown | as its target has it |
    /// | keeps a deploy      | before the deploy              | once it was kept     |
    pub(super) fn sayings(&self) -> Vec<(&'a ServiceName, Option<&'a str>, &'a str)> {
        let (from, to) = match self.plan {
            Some(plan) => (self.said_last, Some(&plan.target_said)),
            None => (self.said_before, self.said_last),
        };
        let said = |service: &ServiceName| from.and_then(|from| from.get(service)).map(String::as_str);
        let all = to.into_iter().flatten().map(|(service, says)| (service, said(service), says.as_str()));
        all.filter(|(_, said, says)| *said != Some(*says)).collect()
    }

    /// What was seen to be bad, and was not so before.
    pub(super) fn bad(&self) -> Vec<String> {
        let judgement = self.judgement.filter(|judgement| judgement.verdict != Verdict::Healthy);
        let findings = judgement.map(|judgement| judgement.findings.as_slice()).unwrap_or_default();
        let new = findings.iter().filter(|finding| !finding.was_before);
        new.map(|finding| format!("{}: {}", finding.subject, finding.what)).collect()
    }
}

/// The error rate that a trigger fired on, or that came with what it compared.
fn error_rate(fired: &Fired) -> Option<String> {
    let is_rate = matches!(&fired.signal, SignalPath::Named(name) if is_error_rate(name.as_str()));
    let measured = fired.worse.as_ref().map_or_else(|| is_rate.then_some(fired.value), |worse| worse.error_rate);
    measured.map(|share| format!("{:.1} %", share * 100.0))
}

/// Whether a check is of a signal that is an error rate: `errors below 1%`.
fn is_of_errors(check: &Check) -> bool {
    check.name.split_once(' ').is_some_and(|(signal, _)| is_error_rate(signal))
}
