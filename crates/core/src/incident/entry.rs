//! What is recorded about incidents: what people say, and who was told. Appended, never edited.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Checklists, Status};
use crate::id::{IncidentId, NotifierName, RunId, ServiceName};
use crate::notify::Event;
use crate::policy::Severity;

/// One thing that somebody said about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// About which.
    pub incident: IncidentId,
    /// Who said it.
    pub by: String,
    /// What.
    pub said: Said,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Said {
    /// There is an incident.
    Opened {
        /// In a line.
        title: String,
        /// How severe it is, where that is known.
        severity: Option<Severity>,
        /// The services that are affected, as far as that is known.
        #[serde(default)]
        services: BTreeSet<ServiceName>,
    },
    /// A note.
    Noted {
        /// What it is about.
        topic: Topic,
        /// The note.
        text: String,
    },
    /// Somebody has a role from now on.
    Role {
        /// The role: `lead`, `communications`, `operator`, or any other word.
        role: String,
        /// Who.
        who: String,
    },
    /// Something elsewhere belongs to it: a ticket, a document, a call.
    Linked {
        /// Its address.
        target: String,
        /// What it is.
        text: Option<String>,
    },
    /// A run belongs to it that would not by itself.
    Joined {
        /// Which.
        run: RunId,
    },
    /// It is so severe.
    Rated {
        /// How.
        severity: Severity,
    },
    /// It is so far.
    Moved {
        /// How.
        status: Status,
    },
    /// An item of a checklist is answered.
    Answered {
        /// The item.
        item: String,
        /// How.
        answer: Answer,
        /// What there is to say about it.
        note: Option<String>,
    },
    /// It is over, and its record is complete.
    Closed {
        /// In a sentence or two.
        summary: Option<String>,
        /// What it was measured by. What the configuration says later does not change the record.
        terms: Box<Terms>,
    },
}

/// What a note is about: where it stands in the post-mortem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Nothing in particular: it stands in the timeline only.
    Note,
    /// What happened, in short.
    Summary,
    /// Why it happened.
    Cause,
    /// Whom it hit, and how.
    Impact,
    /// How it was ended.
    Resolution,
    /// What is to be done so that it does not happen again.
    Action,
    /// What was learned.
    Lesson,
}

impl Topic {
    /// The words of the command line.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("note", Self::Note),
        ("summary", Self::Summary),
        ("cause", Self::Cause),
        ("impact", Self::Impact),
        ("resolution", Self::Resolution),
        ("action", Self::Action),
        ("lesson", Self::Lesson),
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, topic)| *topic == self).map_or("note", |(word, _)| word)
    }
}

/// An answer to an item of a checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It holds, or is done.
    Yes,
    /// It does not hold, or will not be done.
    No,
}

/// What an incident is measured by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// How long going back may take, from the decision to verified, by how much goes back; in milliseconds.
    #[serde(default)]
    pub service_ms: Option<u64>,
    /// Several services.
    #[serde(default)]
    pub stack_ms: Option<u64>,
    /// A database.
    #[serde(default)]
    pub database_ms: Option<u64>,
    /// A database that is restored as a whole; `None` measures it as a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_ms: Option<u64>,
    /// An emergency, however much goes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_ms: Option<u64>,
    /// How long it may take by severity, where something is agreed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub severities: BTreeMap<Severity, Limits>,
    /// The checklists.
    #[serde(default)]
    pub checklists: Checklists,
}

/// How long it may take with a severity, each from the first bad sample, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Until it is noticed.
    #[serde(default)]
    pub detect_ms: Option<u64>,
    /// Until it is decided what to do.
    #[serde(default)]
    pub decide_ms: Option<u64>,
    /// Until it is good again.
    #[serde(default)]
    pub restore_ms: Option<u64>,
}

/// Somebody was told of something, and took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// Who.
    pub notifier: NotifierName,
    /// Whether that is a page which everybody may read.
    pub is_public: bool,
    /// The run that it was about; `None` where it was about none.
    pub run: Option<RunId>,
    /// What happened.
    pub event: Event,
    /// In a line.
    pub title: String,
}
