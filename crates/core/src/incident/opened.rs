//! Incidents as their records tell them.
//!
//! | record | what it does |
//! |---|---|
//! | somebody opens one | opens |
//! | a deploy that was guarded or noticed, or what went bad with none, is decided to go back, to be held, fixed forward, or to fall back | its run opens, or joins the open one |
//! | a rollback with a reason begins; any rollback begins its first step | its run opens, or joins the open one |
//! | a run that belongs to it ends rolled back, with nothing changed, or kept | restored |
//! | a deploy is kept while an incident of earlier runs is open | its run joins, and it is restored: fixed forward |
//! | what a run that belongs to it took back is observed | monitoring, until the run ends |
//! | a run that belongs to it ends in any other way | open; P0 where a way back was tried and is not verified, whatever it was before |
//! | what went bad while nothing was deployed holds again | restored |
//! | a person finds that a check of such a run does not hold | open again, until the same check holds |
//! | somebody closes it | closed; later runs open a new one |
//!
//! A drill is no incident.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::entry::{Entry, Said};
use super::standing::{Incident, Status};
use crate::id::{IncidentId, RunId};
use crate::journal::{self, Body, Record, RunKind, RunResult, RunStarted};
use crate::policy::{Choice, Judgement, Severity, Verdict};

/// The kinds of records that incidents are made of.
pub const INCIDENT_KINDS: [&str; 9] = [
    "incident",
    "run_started",
    "judged",
    "decided",
    "step_intended",
    "observation_started",
    "run_ended",
    "manual_answered",
    "well_again",
];

/// What is known of a run so far.
struct Known<'a> {
    started: &'a RunStarted,
    bad: Option<&'a Judgement>,
    /// The checks that a person found not to hold.
    doubts: BTreeSet<&'a str>,
}

/// The incidents of one environment, in the order in which they were opened. `records` are the environment's, oldest first, of
/// [`INCIDENT_KINDS`] at least.
#[must_use]
pub fn incidents(records: &[Record]) -> Vec<Incident> {
    let mut all: Vec<Incident> = Vec::new();
    let mut runs: BTreeMap<&RunId, Known<'_>> = BTreeMap::new();
    for record in records {
        if let Body::Incident { entry } = &record.body {
            hear(&mut all, record, entry);
        }
        let Some(run) = &record.run else { continue };
        if let Body::RunStarted(started) = &record.body {
            runs.insert(run, Known { started, bad: None, doubts: BTreeSet::new() });
        }
        let Some(known) = runs.get_mut(run) else { continue };
        if let Body::Judged { judgement } = &record.body
            && judgement.verdict == Verdict::Unhealthy
        {
            known.bad = Some(judgement);
        }
        if is_trouble(&record.body, known.started) {
            attach(&mut all, record, run, known);
            rate(&mut all, &record.body, run);
        }
        match &record.body {
            Body::WellAgain { .. } => settle(&mut all, record.at, run, Status::Restored),
            Body::ObservationStarted { .. } => settle(&mut all, record.at, run, Status::Monitoring),
            Body::RunEnded { result, .. } => end(&mut all, record.at, run, (*result, known.started)),
            Body::ManualAnswered { answer } => {
                if let Some(status) = doubted(&mut known.doubts, answer) {
                    settle(&mut all, record.at, run, status);
                }
            }
            _ => {}
        }
    }
    all
}

fn hear(all: &mut Vec<Incident>, record: &Record, entry: &Entry) {
    if let Said::Opened { title, severity, services } = &entry.said {
        let mut incident = Incident::new(entry.incident.clone(), record, &entry.by, title.clone());
        (incident.severity, incident.services) = (*severity, services.clone());
        all.push(incident);
    } else if let Some(incident) = all.iter_mut().find(|incident| incident.id == entry.incident) {
        incident.hear(record.at, entry);
    }
}

fn is_trouble(body: &Body, started: &RunStarted) -> bool {
    match (body, &started.run) {
        (_, RunKind::Drill(_)) => false,
        (Body::Decided { decision }, _) => !matches!(decision.choice, Choice::Keep | Choice::Observe),
        (Body::RunStarted(_), RunKind::Rollback) => started.reason.is_some(),
        (Body::StepIntended { .. }, RunKind::Rollback) => true,
        _ => false,
    }
}

/// A run belongs to one incident.
fn attach(all: &mut Vec<Incident>, record: &Record, run: &RunId, known: &Known<'_>) {
    if all.iter().any(|incident| incident.runs.contains(run)) {
        return;
    }
    if let Some(open) = all.iter_mut().rev().find(|incident| incident.is_open()) {
        open.join(run);
        return;
    }
    let title = title(record, known);
    let mut incident = Incident::new(IncidentId::of_run(run), record, &known.started.actor, title);
    incident.join(run);
    all.push(incident);
}

/// What the policy weighed it as, until a person says otherwise.
fn rate(all: &mut [Incident], body: &Body, run: &RunId) {
    let Body::Decided { decision } = body else { return };
    if let Some(incident) = all.iter_mut().find(|incident| incident.runs.contains(run)) {
        incident.severity = incident.severity.or(decision.severity());
    }
}

/// What was seen to be bad first, else why, else that somebody goes back.
fn title(record: &Record, known: &Known<'_>) -> String {
    let findings = known.bad.map(|judgement| judgement.findings.as_slice()).unwrap_or_default();
    let seen = findings.iter().find(|finding| !finding.was_before);
    let seen = seen.map(|finding| format!("{}: {}", finding.subject, finding.what));
    let decided = || match &record.body {
        Body::Decided { decision } => decision.reasons_for.first().cloned(),
        _ => None,
    };
    let said = || known.started.reason.clone();
    seen.or_else(said).or_else(decided).unwrap_or_else(|| format!("a rollback by {}", known.started.actor))
}

/// What a person's answer about a run makes of its incident; nothing where it is no news.
fn doubted<'a>(doubts: &mut BTreeSet<&'a str>, answer: &'a journal::Answer) -> Option<Status> {
    if !answer.holds {
        doubts.insert(&answer.check);
        return Some(Status::Investigating);
    }
    (doubts.remove(answer.check.as_str()) && doubts.is_empty()).then_some(Status::Restored)
}

fn settle(all: &mut [Incident], at: Timestamp, run: &RunId, status: Status) {
    if let Some(incident) = all.iter_mut().find(|incident| incident.runs.contains(run)) {
        incident.set(status, at);
    }
}

fn end(all: &mut [Incident], at: Timestamp, run: &RunId, (result, started): (RunResult, &RunStarted)) {
    let is_good = matches!(result, RunResult::RolledBack | RunResult::NothingChanged | RunResult::Kept);
    if let Some(incident) = all.iter_mut().find(|incident| incident.runs.contains(run)) {
        if result == RunResult::NotVerified {
            incident.severity = Some(Severity::P0);
        }
        match (is_good, result) {
            (true, _) => incident.set(Status::Restored, at),
            (false, RunResult::NotVerified | RunResult::Held) if incident.status == Status::Restored => {
                incident.set(Status::Investigating, at);
            }
            (false, _) => {}
        }
        return;
    }
    let is_fix = result == RunResult::Kept && matches!(started.run, RunKind::Guard { .. } | RunKind::Noticed(_));
    let open = all.iter_mut().rev().find(|incident| incident.is_open() && !incident.runs.is_empty());
    if let (true, Some(incident)) = (is_fix, open) {
        incident.join(run);
        incident.set(Status::Restored, at);
    }
}
