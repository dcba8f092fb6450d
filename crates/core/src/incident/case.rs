//! The case: everything about one incident, taken together, as documents and post-mortems show it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::checklist::{Answered, answered};
use super::entry::Terms;
use super::facts::Facts;
use super::mask::Mask;
use super::moments::{Moments, moments};
use super::page::measured;
use super::standing::Incident;
use super::timeline::{Event, timeline};
use crate::data::TableLoss;
use crate::detect::KeptWatch;
use crate::id::{Digest, RunId, ServiceName};
use crate::inventory::BlobRef;
use crate::journal::{Body, Record, RunResult};
use crate::plan::{Mode, Plan, Switch};
use crate::policy::Severity;
use crate::report::chart::Plot;
use crate::report::{Kind, Scope, check_text, result_text, scope_of};

/// What a case is made of.
#[derive(Debug)]
pub struct Material<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// Every record of its environment from its first run on, oldest first; what is not about it is passed over.
    pub records: &'a [Record],
    /// What the configuration measures it by; a closed incident has its own.
    pub terms: &'a Terms,
}

/// One incident with everything about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// The incident.
    pub incident: Incident,
    /// Its times.
    pub moments: Moments,
    /// What was agreed of how long going back may take, where something was.
    pub objective: Option<Objective>,
    /// What was agreed for its severity.
    pub limits: Vec<Limit>,
    /// The services that are affected.
    pub services: BTreeSet<ServiceName>,
    /// What went from which version to which, service by service.
    pub versions: Vec<Versions>,
    /// The deploy command that went before it, or what was noticed where nobody told of a deploy.
    pub deploy: Option<String>,
    /// How it went back: `by itself`, `by hand`, `emergency`; none where there was no plan for that.
    pub kind: Option<&'static str>,
    /// How its last run ended, in a word or two.
    pub result: Option<&'static str>,
    /// How its last run ended, in a sentence.
    pub outcome: Option<String>,
    /// What was seen to be bad, and was not so before.
    pub findings: Vec<String>,
    /// What spoke for the decision.
    pub reasons_for: Vec<String>,
    /// What spoke against it.
    pub reasons_against: Vec<String>,
    /// The checks of the last look.
    pub checks: Vec<String>,
    /// What was lost of the data, one line each; nothing where nothing was.
    pub losses: Vec<String>,
    /// Whether a database went back.
    pub data_went_back: bool,
    /// Who was told, by name.
    pub told: BTreeSet<String>,
    /// What there is to see to.
    pub checklist: Answered,
    /// What happened.
    pub timeline: Vec<Event>,
    /// What was kept.
    pub evidence: Vec<Piece>,
    /// What was measured; where the recordings of watches were read.
    pub measured: Vec<Plot>,
}

/// What was agreed, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Objective {
    /// How much went back.
    pub scope: Scope,
    /// How long it may take, in milliseconds.
    pub agreed_ms: u64,
    /// How long it took, if it is back.
    pub took_ms: Option<i64>,
    /// Whether that is within what was agreed; `None` while it is not back.
    pub is_met: Option<bool>,
}

/// What was agreed for a severity, each from the first bad sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Until it is detected, decided, restored.
    pub until: &'static str,
    /// How long it may take, in milliseconds.
    pub agreed_ms: u64,
    /// How long it took, if it is so far.
    pub took_ms: Option<i64>,
    /// Whether that is within what was agreed; `None` while it is not so far.
    pub is_met: Option<bool>,
}

/// A service and its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// The service.
    pub service: ServiceName,
    /// What ran.
    pub from: Option<String>,
    /// What it went back to.
    pub to: String,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The run that kept it.
    pub run: RunId,
    /// What `backout show RUN --evidence NAME` prints it by.
    pub name: String,
    /// The service it is of.
    pub service: Option<ServiceName>,
    /// Its content.
    pub content: BlobRef,
    /// Its last lines, with what looks like a secret masked; where they were read.
    pub tail: Vec<String>,
}

/// How many lines of a log are shown, and how long one may be.
const TAIL: (usize, usize) = (25, 300);

impl Case {
    /// Takes everything together.
    #[must_use]
    pub fn of(material: &Material<'_>) -> Self {
        let mask = Mask::default();
        let incident = &said(material.incident, &mask);
        let about: Vec<Record> = material.records.iter().filter(|record| is_about(record, incident)).cloned().collect();
        let of_runs: Vec<Record> = about.iter().filter(|record| record.run.is_some()).cloned().collect();
        let (facts, moments) = (Facts::of(incident, &about), moments(incident, &of_runs));
        let terms = incident.terms.as_ref().unwrap_or(material.terms);
        let masked = |lines: Vec<String>| lines.iter().map(|line| mask.apply(line)).collect::<Vec<_>>();
        let findings = facts.judgement.into_iter().flat_map(|judgement| &judgement.findings);
        let findings = findings.filter(|f| !f.was_before).map(|f| format!("{}: {}", f.subject, f.what)).collect();
        Self {
            moments: moments.clone(),
            objective: facts.plan.and_then(|(plan, _)| objective(plan, terms, &moments)),
            limits: limits(incident.severity, terms, &moments),
            services: facts.services.clone(),
            versions: facts.plan.map(|(plan, _)| versions(plan)).unwrap_or_default(),
            deploy: facts.command.as_deref().map(|command| mask.apply(command)),
            kind: facts.kind.map(Kind::words),
            result: facts.result.map(result_text),
            outcome: outcome(&of_runs).map(|outcome| mask.apply(&outcome)),
            findings: masked(findings),
            reasons_for: masked(facts.decision.map(|decision| decision.reasons_for.clone()).unwrap_or_default()),
            reasons_against: masked(
                facts.decision.map(|decision| decision.reasons_against.clone()).unwrap_or_default(),
            ),
            checks: masked(facts.checks.iter().map(check_text).collect()),
            losses: losses(&of_runs),
            data_went_back: facts.has_data() && facts.result == Some(RunResult::RolledBack),
            told: facts.told.iter().map(|told| told.notifier.to_string()).collect(),
            checklist: answered(incident, &terms.checklists, &facts, &mask),
            timeline: timeline(incident, &about, &moments, &mask),
            evidence: evidence(&of_runs),
            measured: Vec::new(),
            incident: incident.clone(),
        }
    }

    /// Puts in what was measured, by the recordings of its runs' watches, the oldest first.
    pub fn watched(&mut self, watches: &[KeptWatch]) {
        self.measured = measured(watches, &self.moments);
    }

    /// Puts the last lines of logs in, by the digest of their content; of the rest only the name is shown.
    pub fn read(&mut self, contents: &BTreeMap<Digest, String>) {
        let mask = Mask::default();
        for piece in &mut self.evidence {
            let Some(content) = contents.get(&piece.content.digest) else { continue };
            let masked = mask.apply(content);
            let lines: Vec<&str> = masked.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
            let last = lines.get(lines.len().saturating_sub(TAIL.0)..).unwrap_or_default();
            piece.tail = last.iter().map(|line| line.chars().take(TAIL.1).collect()).collect();
        }
    }
}

/// Whether a record is of one of its runs, or about it.
fn is_about(record: &Record, incident: &Incident) -> bool {
    let is_of = |run: &RunId| incident.runs.contains(run);
    match (&record.run, &record.body) {
        (Some(run), _) => is_of(run),
        (None, Body::Incident { entry }) => entry.incident == incident.id,
        (None, Body::Told { told }) => told.run.as_ref().is_some_and(is_of),
        (None, Body::PersonActed { act }) => act.about.as_ref().is_some_and(is_of),
        (None, Body::StrayRemoved { removal }) => is_of(&removal.about),
        // It was tried while the incident was open, whatever it was meant for.
        (None, Body::ServiceRestarted { .. }) => {
            record.at >= incident.opened_at && incident.closed_at.is_none_or(|closed| record.at <= closed)
        }
        _ => false,
    }
}

/// The incident with what people typed masked.
fn said(incident: &Incident, mask: &Mask) -> Incident {
    let mut said = incident.clone();
    let hide = |text: &mut String| *text = mask.apply(text);
    hide(&mut said.title);
    said.notes.iter_mut().for_each(|note| hide(&mut note.text));
    said.roles.values_mut().for_each(hide);
    for link in &mut said.links {
        hide(&mut link.target);
        link.text.iter_mut().for_each(hide);
    }
    said.answers.values_mut().filter_map(|(_, _, note)| note.as_mut()).for_each(hide);
    said
}

fn objective(plan: &Plan, terms: &Terms, moments: &Moments) -> Option<Objective> {
    let scope = scope_of(plan);
    let of_scope = match scope {
        Scope::Service => terms.service_ms,
        Scope::Stack => terms.stack_ms,
        Scope::Database => terms.database_ms,
        Scope::Restore => terms.restore_ms.or(terms.database_ms),
    };
    let of_emergency = terms.emergency_ms.filter(|_| plan.request.mode == Mode::Emergency);
    let agreed_ms = of_emergency.or(of_scope)?;
    let took_ms = moments.to_go_back_ms;
    Some(Objective { scope, agreed_ms, took_ms, is_met: took_ms.map(|took| is_within(took, agreed_ms)) })
}

fn is_within(took_ms: i64, agreed_ms: u64) -> bool {
    u64::try_from(took_ms).is_ok_and(|took| took <= agreed_ms)
}

fn limits(severity: Option<Severity>, terms: &Terms, moments: &Moments) -> Vec<Limit> {
    let Some(agreed) = severity.and_then(|severity| terms.severities.get(&severity)) else { return Vec::new() };
    let decided = moments.decided_at.zip(moments.began_at);
    let decided_ms = decided.and_then(|(at, began)| i64::try_from(at.duration_since(began).as_millis()).ok());
    let limit = |until, agreed_ms: Option<u64>, took_ms: Option<i64>| {
        let agreed_ms = agreed_ms?;
        Some(Limit { until, agreed_ms, took_ms, is_met: took_ms.map(|took| is_within(took, agreed_ms)) })
    };
    let all = [
        limit("detected", agreed.detect_ms, moments.to_detect_ms),
        limit("decided", agreed.decide_ms, decided_ms),
        limit("restored", agreed.restore_ms, moments.to_restore_ms),
    ];
    all.into_iter().flatten().collect()
}

fn versions(plan: &Plan) -> Vec<Versions> {
    let versions = |switch: &Switch| Versions {
        service: switch.to.service.clone(),
        from: switch.from_label.clone(),
        to: switch.to.label.clone(),
    };
    plan.switches().map(versions).collect()
}

fn outcome(records: &[Record]) -> Option<String> {
    records.iter().rev().find_map(|record| match &record.body {
        Body::RunEnded { summary, .. } => Some(summary.clone()),
        _ => None,
    })
}

fn losses(records: &[Record]) -> Vec<String> {
    let line = |database: &crate::id::DatabaseName, table: &TableLoss| {
        let TableLoss { table, inserted, updated, deleted, .. } = table;
        format!(
            "`{database}` {table}: {inserted} inserted, {updated} changed, {deleted} deleted rows went with the rollback"
        )
    };
    let each = records.iter().flat_map(|record| match &record.body {
        Body::LossReported { database, report } => {
            report.tables.iter().map(|table| line(database, table)).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    });
    each.collect()
}

fn evidence(records: &[Record]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for record in records {
        let Some(run) = &record.run else { continue };
        let kept: Vec<(Option<ServiceName>, &String, &BlobRef)> = match &record.body {
            Body::EvidenceKept { service, items } => {
                items.iter().map(|(name, content)| (Some(service.clone()), name, content)).collect()
            }
            Body::DataEvidenceKept { items, .. } => items.iter().map(|(name, content)| (None, name, content)).collect(),
            _ => continue,
        };
        pieces.extend(kept.into_iter().map(|(service, name, content)| Piece {
            run: run.clone(),
            name: name.clone(),
            service,
            content: content.clone(),
            tail: Vec::new(),
        }));
    }
    pieces
}

/// The time that a post-mortem is dated by: of the last record about it, never of now.
pub(super) fn as_of(case: &Case) -> Timestamp {
    case.timeline.last().map_or(case.incident.opened_at, |event| event.at)
}
