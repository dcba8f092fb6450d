//! Who is told what happened, and whom to call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use crate::config::SecretOrText;
use crate::id::NotifierName;
use crate::notify::{Event, Severity};
use crate::policy;

/// Who is told what happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Notify {
    /// Those who are told, by name.
    pub notifiers: BTreeMap<NotifierName, Notifier>,
    /// People, by name.
    pub contacts: BTreeMap<String, Contact>,
    /// Whom to call when a person is needed, in this order. Every name is one of `contacts`.
    pub escalation: Vec<Escalation>,
}

/// Someone who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notifier {
    /// How they are reached.
    pub channel: Channel,
    /// The events that they are told.
    pub on: BTreeSet<Event>,
    /// What is less severe is not told to them, unless it says how something ended that was.
    pub at_least: Severity,
    /// The file of their own template, as written.
    pub template: Option<String>,
    /// How long one request may take; 10 seconds.
    pub timeout: Duration,
}

/// How someone is reached. `server` is the service's address where it is not the public one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Slack's incoming webhook.
    Slack {
        /// Its address.
        webhook: SecretOrText,
    },
    /// A bot of Slack, which keeps one message a run up to date.
    SlackBot {
        /// Its token.
        token: SecretOrText,
        /// The channel.
        channel: String,
        /// The service's address.
        server: Option<String>,
    },
    /// A webhook of Microsoft Teams that takes adaptive cards.
    Teams {
        /// Its address.
        webhook: SecretOrText,
    },
    /// Discord's webhook.
    Discord {
        /// Its address.
        webhook: SecretOrText,
    },
    /// An address of one's own.
    Webhook {
        /// The address.
        webhook: SecretOrText,
        /// What requests are signed with.
        secret: Option<SecretOrText>,
    },
    /// Mail.
    Email(Box<Mail>),
    /// PagerDuty, Events API v2.
    PagerDuty {
        /// The routing key.
        token: SecretOrText,
        /// The service's address.
        server: Option<String>,
    },
    /// Opsgenie.
    Opsgenie {
        /// The API key.
        token: SecretOrText,
        /// The service's address.
        server: Option<String>,
    },
    /// A status page.
    Status(StatusPage),
}

impl Channel {
    /// Whether it keeps alerts that are opened and closed: a pager or a status page.
    #[must_use]
    pub fn is_pager(&self) -> bool {
        matches!(self, Self::PagerDuty { .. } | Self::Opsgenie { .. } | Self::Status(_))
    }
}

/// Mail, and the server that takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS is spoken from the start.
    pub is_tls: bool,
    /// Whether a connection that begins in the clear must switch to TLS.
    pub starttls: bool,
    /// A file with certificates that are trusted beside those of the system, as written.
    pub ca: Option<String>,
    /// Whom to log in as.
    pub login: Option<(String, SecretOrText)>,
    /// The sender.
    pub from: String,
    /// At least one.
    pub to: Vec<String>,
}

/// A status page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusPage {
    /// Whose.
    pub service: StatusService,
    /// The API key.
    pub token: SecretOrText,
    /// The page's identifier; empty for Cachet, which has one page.
    pub page: String,
    /// The components that an incident is about.
    pub components: Vec<String>,
    /// The service's address; always there for Cachet.
    pub server: Option<String>,
}

/// Whose status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusService {
    /// Atlassian Statuspage.
    Atlassian,
    /// Instatus.
    Instatus,
    /// Cachet.
    Cachet,
}

/// Someone who can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Contact {
    /// The telephone number.
    pub phone: Option<String>,
    /// The mail address.
    pub email: Option<String>,
    /// The name in a chat.
    pub chat: Option<String>,
}

/// Whom to call, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Escalation {
    /// The names of the contacts.
    pub call: Vec<String>,
    /// How long after a person was first needed.
    pub after: Duration,
    /// Those who tell it when that time comes. Every name is one of `notifiers`.
    pub tell: Vec<NotifierName>,
    /// The severities that it is for; all where it names none.
    pub severities: BTreeSet<policy::Severity>,
    /// When they may be called; at any time where it does not say.
    pub when: Option<policy::FreezeSpan>,
}
