//! One incident, as it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Answer, Entry, Said, Terms, Topic};
use crate::id::{EnvironmentName, IncidentId, RunId, ServiceName};
use crate::journal::Record;
use crate::policy::Severity;

/// How far an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody knows yet what it is.
    Investigating,
    /// It is known what it is.
    Identified,
    /// Something was done, and people look whether it helped.
    Monitoring,
    /// It is as it should be again.
    Restored,
    /// Its record is complete.
    Closed,
}

impl Status {
    /// The words that people may set it to; `closed` has a command of its own.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("investigating", Self::Investigating),
        ("identified", Self::Identified),
        ("monitoring", Self::Monitoring),
        ("restored", Self::Restored),
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, status)| *status == self).map_or("closed", |(word, _)| word)
    }
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Incident {
    /// Which.
    pub id: IncidentId,
    /// Where.
    pub environment: EnvironmentName,
    /// In a line.
    pub title: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who did: a person, or whoever started the run that did.
    pub opened_by: String,
    /// Whether a run did.
    pub is_automatic: bool,
    /// How severe it is, where somebody said so.
    pub severity: Option<Severity>,
    /// How far it is.
    pub status: Status,
    /// When it was as it should be again.
    pub restored_at: Option<Timestamp>,
    /// When its record was complete.
    pub closed_at: Option<Timestamp>,
    /// The runs that belong to it, in the order in which they began to.
    pub runs: Vec<RunId>,
    /// The services that somebody said are affected.
    pub services: BTreeSet<ServiceName>,
    /// Who has which role.
    pub roles: BTreeMap<String, String>,
    /// What belongs to it elsewhere.
    pub links: Vec<Link>,
    /// What people said.
    pub notes: Vec<Note>,
    /// The newest answer to each item of a checklist: which, by whom, and what there is to say about it.
    pub answers: BTreeMap<String, (Answer, String, Option<String>)>,
    /// What it was measured by, once it is closed.
    #[serde(skip)]
    pub terms: Option<Terms>,
}

/// Something elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Link {
    /// Its address.
    pub target: String,
    /// What it is.
    pub text: Option<String>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// About what.
    pub topic: Topic,
    /// What.
    pub text: String,
}

impl Incident {
    pub(super) fn new(id: IncidentId, record: &Record, by: &str, title: String) -> Self {
        Self {
            id,
            environment: record.environment.clone(),
            title,
            opened_at: record.at,
            opened_by: by.to_owned(),
            is_automatic: record.run.is_some(),
            severity: None,
            status: Status::Investigating,
            restored_at: None,
            closed_at: None,
            runs: Vec::new(),
            services: BTreeSet::new(),
            roles: BTreeMap::new(),
            links: Vec::new(),
            notes: Vec::new(),
            answers: BTreeMap::new(),
            terms: None,
        }
    }

    /// Whether runs still join it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status < Status::Restored
    }

    /// Until when its post-mortem is due, so long after it was over; nothing where it is not over, where a person has said
    /// that it is seen to, or never will be, or where its record is complete.
    #[must_use]
    pub fn post_mortem_due(&self, within: Duration) -> Option<Timestamp> {
        let is_seen_to = self.answers.contains_key("post-mortem") || self.closed_at.is_some();
        self.restored_at.filter(|_| !is_seen_to)?.checked_add(within).ok()
    }

    pub(super) fn hear(&mut self, at: Timestamp, entry: &Entry) {
        match &entry.said {
            Said::Opened { .. } => {}
            Said::Noted { topic, text } => {
                self.notes.push(Note { at, by: entry.by.clone(), topic: *topic, text: text.clone() });
            }
            Said::Role { role, who } => drop(self.roles.insert(role.clone(), who.clone())),
            Said::Linked { target, text } => self.links.push(Link { target: target.clone(), text: text.clone() }),
            Said::Joined { run } => self.join(run),
            Said::Rated { severity } => self.severity = Some(*severity),
            Said::Moved { status } => self.set(*status, at),
            Said::Answered { item, answer, note } => {
                self.answers.insert(item.clone(), (*answer, entry.by.clone(), note.clone()));
            }
            Said::Closed { summary, terms } => {
                let note = |text: &String| Note { at, by: entry.by.clone(), topic: Topic::Summary, text: text.clone() };
                self.notes.extend(summary.as_ref().map(note));
                (self.status, self.closed_at) = (Status::Closed, Some(at));
                self.terms = Some((**terms).clone());
            }
        }
    }

    /// What is closed stays closed.
    pub(super) fn set(&mut self, status: Status, at: Timestamp) {
        if self.status != Status::Closed {
            self.status = status;
            self.restored_at = (status == Status::Restored).then_some(at);
        }
    }

    pub(super) fn join(&mut self, run: &RunId) {
        if !self.runs.contains(run) {
            self.runs.push(run.clone());
        }
    }
}
