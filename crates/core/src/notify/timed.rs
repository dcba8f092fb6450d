//! What is told because time has passed, and nobody has done what was to be done by then.
//!
//! | what | from when on | until | who |
//! |---|---|---|---|
//! | a step of the escalation | its time after a person was first needed, or the next of its hours | the incident is over | those whom the step names |
//! | a post-mortem | three quarters of its time after the incident was over | a person says that it is seen to, or closes the incident | whoever is told such events |
//!
//! Contract: a function of records, configuration and time. What is told once has the same identifier whenever it is computed,
//! so that it is told once however often and by how many processes that is done. A person is needed from the first critical
//! notice on, until one that says that the trouble is over.

use std::time::Duration;

use jiff::Timestamp;

use super::{Alert, Event, Field, NOTICE_FORMAT, Notice, Severity, notices, told};
use crate::config::{Escalation, Notify};
use crate::id::NotifierName;
use crate::incident::{Incident, incidents};
use crate::journal::Record;

/// Whose, and who asks to be told.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The project's name.
    pub project: &'a str,
    /// Who is told.
    pub notify: &'a Notify,
    /// How long after it is over the post-mortem of an incident is due.
    pub post_mortem: Option<Duration>,
}

/// What is told, and who is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// The notice, as of the time from which on it holds.
    pub notice: Notice,
    /// Who is told.
    pub to: Vec<NotifierName>,
}

impl Asked<'_> {
    /// Whether time alone gives anything to tell.
    #[must_use]
    pub fn is_for_anything(&self) -> bool {
        self.post_mortem.is_some() || self.steps().next().is_some()
    }

    /// The steps that are told when their time comes, counted from 1.
    fn steps(&self) -> impl Iterator<Item = (usize, &Escalation)> {
        (1..).zip(&self.notify.escalation).filter(|(_, step)| !step.tell.is_empty())
    }
}

/// What is to be told at `now`. `records` are those of the environment, oldest first, of [`super::NOTICE_KINDS`] and
/// [`crate::incident::INCIDENT_KINDS`] at least.
#[must_use]
pub fn timed(asked: &Asked<'_>, records: &[Record], now: Timestamp) -> Vec<Timed> {
    let mut all = Vec::new();
    for incident in incidents(records) {
        all.extend(reminder(asked, &incident));
        all.extend(calls(asked, &incident, records));
    }
    all.retain(|timed| timed.notice.at <= now);
    all
}

fn reminder(asked: &Asked<'_>, incident: &Incident) -> Option<Timed> {
    let within = asked.post_mortem?;
    let due = incident.post_mortem_due(within)?;
    let id = &incident.id;
    let place = format!("{}/{}", asked.project, incident.environment);
    let notice = Notice {
        format: NOTICE_FORMAT,
        id: format!("{id}/post_mortem_due"),
        run: incident.runs.last().cloned(),
        project: asked.project.to_owned(),
        environment: incident.environment.clone(),
        event: Event::PostMortemDue,
        severity: Event::PostMortemDue.severity(),
        worst: Event::PostMortemDue.severity(),
        at: due.checked_sub(within / 4).unwrap_or(due),
        title: format!("{place}: the post-mortem of {id} is due by {due:.0}"),
        text: format!(
            "{}\n`backout incident postmortem {id}` writes it from the record. Once it is seen to: `backout incident check {id} \
             post-mortem`.",
            incident.title
        ),
        fields: vec![Field::new("Incident", id.as_str()), Field::new("Due", format!("{due:.0}"))],
        resolves: Vec::new(),
        is_observed: false,
    };
    let to = told(asked.notify, &notice);
    Some(Timed { notice, to })
}

/// The steps of the escalation of an incident that is not over, each as of its time.
fn calls(asked: &Asked<'_>, incident: &Incident, records: &[Record]) -> Vec<Timed> {
    if !incident.is_open() || asked.steps().next().is_none() {
        return Vec::new();
    }
    let Some((seq, since)) = first_needed(asked.project, incident, records) else { return Vec::new() };
    let is_for = |step: &Escalation| match incident.severity {
        Some(severity) => step.severities.is_empty() || step.severities.contains(&severity),
        None => step.severities.is_empty(),
    };
    let steps = asked.steps().filter(|(_, step)| is_for(step));
    steps.filter_map(|(place, step)| call(&since, step, format!("{seq}-{place}"))).collect()
}

/// The notice since which a person has been needed, and the number of its record.
fn first_needed(project: &str, incident: &Incident, records: &[Record]) -> Option<(i64, Notice)> {
    let mut told: Vec<(i64, Notice)> = Vec::new();
    for run in &incident.runs {
        let of_run: Vec<Record> = records.iter().filter(|record| record.run.as_ref() == Some(run)).cloned().collect();
        told.extend(notices(project, &of_run));
    }
    told.sort_by_key(|(seq, _)| *seq);
    told.into_iter().fold(None, |needed, (seq, notice)| match (notice.event.alert(), notice.severity) {
        (Some(Alert::Resolve), _) => None,
        (Some(Alert::Trigger), Severity::Critical) => needed.or(Some((seq, notice))),
        _ => needed,
    })
}

fn call(since: &Notice, step: &Escalation, place: String) -> Option<Timed> {
    let due = since.at.checked_add(step.after).ok()?;
    let due = step.when.as_ref().map_or(Some(due), |when| when.next_on(due))?;
    let minutes = due.duration_since(since.at).as_secs().max(0).unsigned_abs().div_ceil(60);
    let mut notice = since.clone();
    notice.id = format!("{}/{}-{place}", since.run.as_ref()?, Event::Escalated.word());
    (notice.event, notice.severity, notice.worst) = (Event::Escalated, Severity::Critical, Severity::Critical);
    notice.at = due;
    notice.title = format!(
        "{}/{}: a person has been needed for {minutes} min: call {}",
        since.project,
        since.environment,
        step.call.join(", ")
    );
    notice.text = format!("Since {:.0}: {}\n{}", since.at, since.title, since.text);
    notice.resolves = Vec::new();
    Some(Timed { notice, to: step.tell.clone() })
}

#[cfg(test)]
mod tests;
