//! The timeline of an incident: what the journal says of its runs, what people said between, and whom they were told by.

use jiff::Timestamp;
use serde::Serialize;

use super::entry::{Answer, Said, Topic};
use super::mask::Mask;
use super::moments::Moments;
use super::standing::Incident;
use crate::id::RunId;
use crate::journal::{ActStage, Body, Record, StepOutcome};
use crate::report::{Timeline, act_text, restart_text, stray_text};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Since the incident began, in milliseconds; less than nothing before.
    pub since_ms: i64,
    /// Who says so.
    pub source: Source,
    /// What kind of thing happened, in a word or two.
    pub label: String,
    /// What happened.
    pub text: String,
    /// More, one line each.
    pub details: Vec<String>,
    /// How long it took, in milliseconds.
    pub took_ms: Option<u64>,
    /// Whether it is bad news.
    pub is_bad: bool,
    /// Whether it is a turn of the incident, and not just a step on the way.
    pub is_turn: bool,
}

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Source {
    /// A run's record.
    Run {
        /// Which.
        run: RunId,
    },
    /// A person.
    Person {
        /// Who.
        by: String,
    },
    /// What was worked out from records.
    Worked,
}

/// The labels that are turns of an incident.
const TURNS: [&str; 11] = [
    "first sign",
    "detected",
    "decided",
    "started",
    "verified",
    "observed",
    "restored",
    "opened",
    "closed",
    "rolled back",
    "NOT VERIFIED",
];

/// The lines of an incident, the oldest first. `records` are those of its runs and, of the environment, those about it.
pub(super) fn timeline(incident: &Incident, records: &[Record], moments: &Moments, mask: &Mask) -> Vec<Event> {
    let mut words = Timeline::default();
    let mut events: Vec<(i64, Event)> = Vec::new();
    for record in records {
        let event = match (&record.body, &record.run) {
            (Body::Incident { entry }, _) if entry.incident == incident.id => said(&entry.said, &entry.by),
            (Body::Told { told }, _) if told.run.as_ref().is_some_and(|run| incident.runs.contains(run)) => {
                let page = if told.is_public { " (status page)" } else { "" };
                Some(plain("told", format!("{}{page}: {}", told.notifier, told.title)))
            }
            (Body::PersonActed { act }, _) if act.stage != ActStage::Intended => {
                Some(Event { source: Source::Person { by: act.by.clone() }, ..plain("by hand", act_text(act)) })
            }
            (Body::StrayRemoved { removal }, _) if removal.stage != ActStage::Intended => {
                let source = Source::Person { by: removal.by.clone() };
                Some(Event { source, ..plain("removed", stray_text(removal)) })
            }
            (Body::ServiceRestarted { restart }, _) if restart.stage != ActStage::Intended => {
                let is_bad = matches!(restart.stage, ActStage::Failed { .. });
                let source = Source::Person { by: restart.by.clone() };
                Some(Event { source, is_bad, ..plain("restart", restart_text(restart)) })
            }
            (_, Some(run)) if incident.runs.contains(run) => of_run(&mut words, record, run),
            _ => None,
        };
        events.extend(event.map(|event| (record.seq, Event { at: record.at, ..event })));
    }
    if let Some(began) = moments.began_at.filter(|began| moments.detected_at.is_some_and(|at| *began < at)) {
        let event = plain("first sign", "the first bad sample of those that led to the verdict".to_owned());
        events.push((0, Event { at: began, is_bad: true, ..event }));
    }
    events.sort_by_key(|(seq, event)| (event.at, *seq));
    let began = moments.began_at.unwrap_or(incident.opened_at);
    events.into_iter().map(|(_, event)| finished(event, began, mask)).collect()
}

fn finished(mut event: Event, began: Timestamp, mask: &Mask) -> Event {
    event.since_ms = i64::try_from(event.at.duration_since(began).as_millis()).unwrap_or(i64::MAX);
    event.is_turn = TURNS.contains(&event.label.as_str());
    event.text = mask.apply(&event.text);
    event.details = event.details.iter().map(|detail| mask.apply(detail)).collect();
    event
}

fn plain(label: &str, text: String) -> Event {
    Event {
        at: Timestamp::UNIX_EPOCH,
        since_ms: 0,
        source: Source::Worked,
        label: label.to_owned(),
        text,
        details: Vec::new(),
        took_ms: None,
        is_bad: false,
        is_turn: false,
    }
}

/// The line of a run's record; its turns go by the names that incidents have for them.
fn of_run(words: &mut Timeline, record: &Record, run: &RunId) -> Option<Event> {
    let line = words.line(record)?;
    let label = match (&record.body, line.is_bad) {
        (Body::Judged { .. }, true) => "detected".to_owned(),
        (Body::Decided { .. }, _) => "decided".to_owned(),
        _ => line.label,
    };
    let (took_ms, text) = match &record.body {
        Body::StepEnded { took_ms, .. } => {
            let suffix = format!(" ({took_ms} ms)");
            (Some(*took_ms), line.text.strip_suffix(&suffix).unwrap_or(&line.text).to_owned())
        }
        _ => (None, line.text),
    };
    let is_bad = line.is_bad || matches!(&record.body, Body::StepEnded { outcome: StepOutcome::Failed { .. }, .. });
    let source = Source::Run { run: run.clone() };
    Some(Event { source, details: line.details, took_ms, is_bad, ..plain(&label, text) })
}

fn said(said: &Said, by: &str) -> Option<Event> {
    let (label, text) = match said {
        Said::Opened { title, .. } => ("opened", title.clone()),
        Said::Noted { topic: Topic::Note, text } => ("note", text.clone()),
        Said::Noted { topic, text } => (topic.word(), text.clone()),
        Said::Role { role, who } => ("role", format!("{who} is {role}")),
        Said::Linked { target, text } => {
            ("link", text.as_ref().map_or_else(|| target.clone(), |text| format!("{text}: {target}")))
        }
        Said::Joined { run } => ("joined", format!("`{run}` belongs to it")),
        Said::Rated { severity } => ("severity", severity.to_string()),
        Said::Moved { status } => ("status", status.word().to_owned()),
        Said::Answered { item, answer, note } => {
            let answer = if *answer == Answer::Yes { "yes" } else { "no" };
            let note = note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
            ("checklist", format!("{item}: {answer}{note}"))
        }
        Said::Closed { summary, .. } => ("closed", summary.clone().unwrap_or_default()),
    };
    Some(Event { source: Source::Person { by: by.to_owned() }, ..plain(label, text) })
}
