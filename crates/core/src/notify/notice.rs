//! One notice: what happened, for everybody who is told, and who that is.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alert, Event, Severity};
use crate::config::Notify;
use crate::id::{EnvironmentName, NotifierName, RunId};

/// The format that this version writes.
pub const NOTICE_FORMAT: u32 = 1;

/// What happened, ready to be put into words for each who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// The format of this notice.
    pub format: u32,
    /// The same for the same event of the same run, whoever computes it: the idempotency key.
    pub id: String,
    /// The run; `None` for a test.
    pub run: Option<RunId>,
    /// The project's name.
    pub project: String,
    /// Where.
    pub environment: EnvironmentName,
    /// What happened.
    pub event: Event,
    /// How severe it is.
    pub severity: Severity,
    /// The worst of the run so far.
    pub worst: Severity,
    /// When.
    pub at: Timestamp,
    /// In a line.
    pub title: String,
    /// In sentences.
    pub text: String,
    /// Facts, in the order to show them.
    pub fields: Vec<Field>,
    /// Earlier runs whose trouble is over with this.
    #[serde(default)]
    pub resolves: Vec<RunId>,
    /// Whether people still look whether it lasts: what says that it does comes later.
    #[serde(default)]
    pub is_observed: bool,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// What it is about.
    pub name: String,
    /// What it is.
    pub value: String,
}

impl Field {
    /// A fact.
    pub(crate) fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

impl Notice {
    /// A notice that tries whether telling works. `salt` keeps two of one second apart.
    #[must_use]
    pub fn test(project: &str, environment: &EnvironmentName, at: Timestamp, salt: u32) -> Self {
        Self {
            format: NOTICE_FORMAT,
            id: format!("test-{}-{salt:08x}", at.as_second()),
            run: None,
            project: project.to_owned(),
            environment: environment.clone(),
            event: Event::Test,
            severity: Severity::Info,
            worst: Severity::Info,
            at,
            title: format!("{project}/{environment}: a test"),
            text: "Somebody tries whether `backout` reaches you. Nothing has happened.".to_owned(),
            fields: Vec::new(),
            resolves: Vec::new(),
            is_observed: false,
        }
    }

    /// What messages about the same thing share: the run, or the notice itself.
    #[must_use]
    pub fn thread(&self) -> &str {
        self.run.as_ref().map_or(&self.id, RunId::as_str)
    }

    /// The same notice with who leads.
    #[must_use]
    pub fn led_by(mut self, lead: Option<&String>) -> Self {
        self.fields.extend(lead.map(|lead| Field::new("Lead", lead.as_str())));
        self
    }

    /// The same notice with some secrets masked by `mask`.
    #[must_use]
    pub fn masked(mut self, mask: &dyn Fn(&str) -> String) -> Self {
        self.title = mask(&self.title);
        self.text = mask(&self.text);
        for field in &mut self.fields {
            field.value = mask(&field.value);
        }
        self
    }
}

/// Those who are told of a notice. What is below someone's severity is told where it closes what was not, and a pager is not
/// told that something is over which never was open.
#[must_use]
pub fn told(notify: &Notify, notice: &Notice) -> Vec<NotifierName> {
    let closes = notice.event.alert() == Some(Alert::Resolve);
    let weight = if closes { notice.worst } else { notice.severity };
    let told = notify.notifiers.iter().filter(|(_, notifier)| {
        let is_wanted = notifier.on.contains(&notice.event) || !notice.resolves.is_empty();
        let is_open = notice.worst >= Severity::Error || !notice.resolves.is_empty();
        (is_open || !notifier.channel.is_pager()) && is_wanted && weight.max(notice.severity) >= notifier.at_least
    });
    told.map(|(name, _)| name.clone()).collect()
}
