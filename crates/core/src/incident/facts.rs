//! What the records of an incident show, for its checklists.

use std::collections::{BTreeMap, BTreeSet};

use super::checklist::Evidence;
use super::entry::{Told, Topic};
use super::standing::Incident;
use crate::data::Verification;
use crate::detect::is_of_bar;
use crate::id::{RunId, ServiceName};
use crate::journal::{
    Answer, Body, DeployExit, ObservationResult, Record, RunKind, RunResult, RunStarted, StepOutcome,
};
use crate::notify::Event;
use crate::plan::Plan;
use crate::policy::{Check, Choice, Decision, Judgement, Verdict};
use crate::report::Kind;

/// Whether something is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// It is, by this.
    Yes(String),
    /// There is nothing to show.
    NotNeeded(String),
    /// It is not.
    Nothing,
}

/// The records of an incident, taken together.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) incident: &'a Incident,
    /// The last verdict that something is bad, and what led to it.
    pub(super) judgement: Option<&'a Judgement>,
    pub(super) decision: Option<&'a Decision>,
    /// The last plan, and the run that it is of.
    pub(super) plan: Option<(&'a Plan, &'a RunId)>,
    /// The checks of the last look.
    pub(super) checks: &'a [Check],
    pub(super) told: Vec<&'a Told>,
    pub(super) verifications: Vec<&'a Verification>,
    pub(super) result: Option<RunResult>,
    /// The kind of the last way back, where there was a plan for one.
    pub(super) kind: Option<Kind>,
    /// How what was taken back was observed.
    observed: Option<ObservationResult>,
    started: Option<&'a RunStarted>,
    pub(super) command: Option<String>,
    pub(super) exit: Option<&'a DeployExit>,
    pub(super) services: BTreeSet<ServiceName>,
    /// What people answered to checks that only they can make, by check.
    pub(super) manual: BTreeMap<&'a str, &'a Answer>,
    kept: BTreeSet<String>,
    steps: BTreeSet<u32>,
    is_proven: bool,
    is_fixed: bool,
    records: usize,
}

impl<'a> Facts<'a> {
    /// `records` are those of the incident's runs and, of the environment, those about it.
    pub(super) fn of(incident: &'a Incident, records: &'a [Record]) -> Self {
        let mut facts = Self {
            incident,
            judgement: None,
            decision: None,
            plan: None,
            checks: &[],
            told: Vec::new(),
            verifications: Vec::new(),
            result: None,
            kind: None,
            observed: None,
            started: None,
            command: None,
            exit: None,
            services: incident.services.clone(),
            manual: BTreeMap::new(),
            kept: BTreeSet::new(),
            steps: BTreeSet::new(),
            is_proven: false,
            is_fixed: false,
            records: 0,
        };
        for record in records {
            match &record.run {
                Some(run) if incident.runs.contains(run) => facts.learn(&record.body, run),
                _ => facts.hear(&record.body),
            }
        }
        facts
    }

    fn hear(&mut self, body: &'a Body) {
        if let Body::Told { told } = body
            && told.run.as_ref().is_some_and(|run| self.incident.runs.contains(run))
        {
            self.told.push(told);
        }
    }

    fn learn(&mut self, body: &'a Body, run: &'a RunId) {
        self.records += 1;
        match body {
            Body::RunStarted(started) => {
                self.started = Some(started);
                self.command = self.command.take().or_else(|| match &started.run {
                    RunKind::Guard { command } => Some(command.join(" ")),
                    RunKind::Noticed(noticed) => Some(noticed.words()),
                    RunKind::Rollback | RunKind::Drill(_) | RunKind::WentDown => None,
                });
            }
            Body::DeployEnded { exit } => self.exit = self.exit.or(Some(exit)),
            Body::AfterSeen { changed, .. } => self.services.extend(changed.iter().cloned()),
            Body::Judged { judgement } if judgement.verdict != Verdict::Healthy => self.judgement = Some(judgement),
            Body::Decided { decision } if decision.choice != Choice::Keep => self.decision = Some(decision),
            Body::PlanMade { plan } => {
                self.kind = self.started.map(Kind::of);
                self.services.extend(plan.changed());
                self.plan = Some((plan, run));
                self.steps.clear();
            }
            Body::CheckpointTaken { checkpoint } => drop(self.kept.insert(format!("checkpoint {}", checkpoint.id))),
            Body::EvidenceKept { service, items } => {
                self.kept.extend(items.iter().map(|(name, _)| format!("{service}/{name}")));
            }
            Body::StepEnded { step, outcome, .. } if is_done(outcome) => drop(self.steps.insert(step.0)),
            Body::BackupVerified { verification } => self.verifications.push(verification),
            Body::DataProven { proof, .. } => self.is_proven = proof.checks.iter().all(|check| !check.blocks()),
            Body::Verified { checks, .. } => (self.checks, self.observed) = (checks, None),
            Body::Observed { observation } => self.observed = Some(observation.result),
            Body::ManualAnswered { answer } => drop(self.manual.insert(&answer.check, answer)),
            Body::RunEnded { result, .. } => {
                self.is_fixed |= *result == RunResult::Kept;
                self.result = Some(*result);
            }
            _ => {}
        }
    }

    /// Whether a database goes back.
    pub(super) fn has_data(&self) -> bool {
        self.plan.is_some_and(|(plan, _)| plan.is_changing_data())
    }

    /// Whether the evidence is there.
    pub(super) fn shown(&self, evidence: Evidence) -> Shown {
        self.before(evidence).or_else(|| self.back(evidence)).or_else(|| self.after(evidence)).unwrap_or(Shown::Nothing)
    }

    fn before(&self, evidence: Evidence) -> Option<Shown> {
        let new = || self.judgement.into_iter().flat_map(|judgement| &judgement.findings).filter(|f| !f.was_before);
        Some(Shown::Yes(match evidence {
            Evidence::Declared => format!("`{}`", self.incident.id),
            Evidence::Rated => self.incident.severity?.to_string(),
            Evidence::Services if !self.services.is_empty() => list(self.services.iter()),
            Evidence::Symptoms => {
                let finding = new().next()?;
                format!("{}: {}", finding.subject, finding.what)
            }
            Evidence::DeployToBlame => {
                self.command.as_ref()?;
                format!("{} was not so before", new().next()?.subject)
            }
            Evidence::BackDecided => match self.decision {
                Some(decision) if decision.choice.goes_back() => decision.reasons_for.first()?.clone(),
                Some(_) => return None,
                None => format!("`{}` was started by a person", self.plan?.1),
            },
            Evidence::Told => format!("{} told", self.told.first()?.notifier),
            Evidence::Led => self.incident.roles.get("lead")?.clone(),
            _ => return None,
        }))
    }

    fn back(&self, evidence: Evidence) -> Option<Shown> {
        Some(Shown::Yes(match evidence {
            Evidence::Target => format!("`{}`", self.plan?.0.target),
            Evidence::Planned => {
                let (plan, _) = self.plan?;
                format!("{}, in the order of what depends on what", steps(plan))
            }
            Evidence::Backups if !self.has_data() => return self.plan.map(|_| no_data()),
            Evidence::Backups => {
                format!("`{}`", self.verifications.last().filter(|v| v.reached >= Some(v.asked))?.backup)
            }
            Evidence::Kept if !self.kept.is_empty() => list(self.kept.iter()),
            Evidence::Steps => {
                let (plan, _) = self.plan?;
                let is_done = plan.steps.iter().all(|step| self.steps.contains(&step.id.0));
                (is_done && self.result == Some(RunResult::RolledBack)).then(|| steps(plan))?
            }
            Evidence::Checks => self.held(|_| true)?,
            Evidence::Smoke => self.held(|check| check.name.starts_with("smoke"))?,
            Evidence::Data if !self.has_data() => return self.plan.map(|_| no_data()),
            Evidence::Data if self.is_proven => "what was checked and counted after the data went back".to_owned(),
            _ => return None,
        }))
    }

    fn after(&self, evidence: Evidence) -> Option<Shown> {
        let told_of_the_end =
            |told: &&&Told| matches!(told.event, Event::RolledBack | Event::NothingChanged | Event::Kept);
        let noted = |topic: Topic| self.incident.notes.iter().rev().find(|note| note.topic == topic);
        Some(Shown::Yes(match evidence {
            Evidence::Restored => {
                self.incident.restored_at?;
                self.held(|_| true).unwrap_or_else(|| "it was said to be".to_owned())
            }
            Evidence::Measured => self.measured()?,
            Evidence::EndTold => format!("{} told", self.told.iter().find(told_of_the_end)?.notifier),
            Evidence::PageTold => {
                format!("{} told", self.told.iter().filter(told_of_the_end).find(|told| told.is_public)?.notifier)
            }
            Evidence::Recorded if self.records > 0 => format!("{} records of the journal", self.records),
            Evidence::Cause => noted(Topic::Cause)?.text.clone(),
            Evidence::Impact => noted(Topic::Impact)?.text.clone(),
            Evidence::Actions => noted(Topic::Action)?.text.clone(),
            Evidence::FixDeployed if self.is_fixed => "a later deploy was kept".to_owned(),
            _ => return None,
        }))
    }

    /// What signals came back to; nothing where one did not, or was not measured.
    ///
    /// | signals were measured after going back | observed after that | shown |
    /// |----------------------------------------|---------------------|-------|
    /// | none is configured, or one was not     |                     | no    |
    /// | all                                    | went bad            | no    |
    /// | one has not come back                  | not, or not to the end | no |
    /// | one has not come back                  | held                | yes: it came back and stayed |
    /// | all have come back                     | anything else       | yes   |
    fn measured(&self) -> Option<String> {
        let those: Vec<&Check> = self.checks.iter().filter(|check| is_of_bar(&check.name)).collect();
        let is_measured = those.iter().all(|check| matches!(check.verdict, Verdict::Healthy | Verdict::Unhealthy));
        let have_come_back = those.iter().all(|check| check.verdict == Verdict::Healthy);
        let is_well = match self.observed {
            Some(ObservationResult::WentBad) => false,
            Some(ObservationResult::Held) => true,
            Some(ObservationResult::Left | ObservationResult::Unseen) | None => have_come_back,
        };
        let words = |check: &&Check| match check.verdict {
            Verdict::Healthy => format!("{} ({})", check.name, check.what),
            _ => format!("{} (while it was observed)", check.name),
        };
        (!those.is_empty() && is_measured && is_well).then(|| list(those.iter().map(words)))
    }

    /// How many of some checks of the last look hold; nothing where one does not, or none does.
    fn held(&self, which: fn(&Check) -> bool) -> Option<String> {
        let those = || self.checks.iter().filter(|check| which(check));
        let holding = those().filter(|check| check.verdict == Verdict::Healthy).count();
        (holding > 0 && !those().any(Check::blocks)).then(|| format!("{holding} of {} checks hold", those().count()))
    }
}

fn is_done(outcome: &StepOutcome) -> bool {
    matches!(outcome, StepOutcome::Done { .. } | StepOutcome::AlreadyThere { .. } | StepOutcome::Recovered { .. })
}

fn steps(plan: &Plan) -> String {
    if plan.steps.len() == 1 { "1 step".to_owned() } else { format!("{} steps", plan.steps.len()) }
}

fn no_data() -> Shown {
    Shown::NotNeeded("no database goes back".to_owned())
}

fn list<T: std::fmt::Display>(all: impl Iterator<Item = T>) -> String {
    all.map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}
