//! Settings that are one of a few words, and status codes.

use crate::config::read::{Accepts, Complaint, Keyword, Leaf};
use crate::config::{
    Connection, GitMode, HttpMethod, Place, ProblemCode, Protocol, SecretsPolicy, StatusRange, Tier, TriggerAction,
};
use crate::data::Level;
use crate::journal::Break;
use crate::notify::{Event, Severity};
use crate::policy::{self, Choice, Impact};

/// What is removed from a cache, where one word says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum FlushWord {
    /// Nothing.
    Nothing,
    /// Every key of the database of the address.
    Database,
    /// Every key of every database of the server.
    Everything,
}

/// What something is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Comparand {
    /// How it was before, or the old version beside.
    Baseline,
}

/// What kind of service is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum NotifierKind {
    /// Slack.
    Slack,
    /// Microsoft Teams.
    Teams,
    /// Discord.
    Discord,
    /// An address of one's own.
    Webhook,
    /// Mail.
    Email,
    /// PagerDuty.
    PagerDuty,
    /// Opsgenie.
    Opsgenie,
    /// Atlassian Statuspage.
    Statuspage,
    /// Instatus.
    Instatus,
    /// Cachet.
    Cachet,
}

impl NotifierKind {
    /// The word that it is written with.
    pub(in crate::config) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

impl Keyword for Break {
    const WHAT: &'static str = "a way to break a service";
    const WORDS: &'static [(&'static str, Self)] = &Self::WORDS;
}

impl Keyword for NotifierKind {
    const WHAT: &'static str = "a kind of notifier";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("slack", Self::Slack),
        ("teams", Self::Teams),
        ("discord", Self::Discord),
        ("webhook", Self::Webhook),
        ("email", Self::Email),
        ("pagerduty", Self::PagerDuty),
        ("opsgenie", Self::Opsgenie),
        ("statuspage", Self::Statuspage),
        ("instatus", Self::Instatus),
        ("cachet", Self::Cachet),
    ];
}

impl Keyword for Comparand {
    const WHAT: &'static str = "something to compare with";
    const WORDS: &'static [(&'static str, Self)] = &[("baseline", Self::Baseline)];
}

impl Keyword for Event {
    const WHAT: &'static str = "an event that can be told";
    const WORDS: &'static [(&'static str, Self)] = &Event::WORDS;
}

impl Keyword for Severity {
    const WHAT: &'static str = "a severity";
    const WORDS: &'static [(&'static str, Self)] =
        &[("info", Self::Info), ("warning", Self::Warning), ("error", Self::Error), ("critical", Self::Critical)];
}

impl Keyword for policy::Severity {
    const WHAT: &'static str = "a severity";
    const WORDS: &'static [(&'static str, Self)] = &policy::Severity::WORDS;
}

impl Keyword for Impact {
    const WHAT: &'static str = "an impact";
    const WORDS: &'static [(&'static str, Self)] = &Impact::WORDS;
}

impl Keyword for Choice {
    const WHAT: &'static str = "a choice";
    const WORDS: &'static [(&'static str, Self)] = &Choice::WORDS;
}

impl Keyword for TriggerAction {
    const WHAT: &'static str = "an action";
    const WORDS: &'static [(&'static str, Self)] =
        &[("rollback", Self::Rollback), ("hold", Self::Hold), ("observe", Self::Observe)];
}

impl Keyword for Tier {
    const WHAT: &'static str = "a tier";
    const WORDS: &'static [(&'static str, Self)] =
        &[("infrastructure", Self::Infrastructure), ("application", Self::Application)];
}

impl Keyword for Place {
    const WHAT: &'static str = "a place to run a command";
    const WORDS: &'static [(&'static str, Self)] = &[("host", Self::Host), ("container", Self::Container)];
}

impl Keyword for GitMode {
    const WHAT: &'static str = "a way for a work tree to go back";
    const WORDS: &'static [(&'static str, Self)] = &[("checkout", Self::Checkout), ("revert", Self::Revert)];
}

impl Keyword for SecretsPolicy {
    const WHAT: &'static str = "what happens to Secrets";
    const WORDS: &'static [(&'static str, Self)] = &[("keep", Self::Keep), ("restore", Self::Restore)];
}

impl Keyword for HttpMethod {
    const WHAT: &'static str = "a method of a probe";
    const WORDS: &'static [(&'static str, Self)] =
        &[("GET", Self::Get), ("HEAD", Self::Head), ("POST", Self::Post), ("OPTIONS", Self::Options)];
}

impl Keyword for Connection {
    const WHAT: &'static str = "a way to connect";
    const WORDS: &'static [(&'static str, Self)] = &[("new", Self::New), ("reuse", Self::Reuse)];
}

impl Keyword for Protocol {
    const WHAT: &'static str = "a version of HTTP";
    const WORDS: &'static [(&'static str, Self)] = &[("http1", Self::Http1), ("http2", Self::Http2)];
}

impl Keyword for FlushWord {
    const WHAT: &'static str = "what a cache can be emptied of";
    const WORDS: &'static [(&'static str, Self)] =
        &[("nothing", Self::Nothing), ("database", Self::Database), ("everything", Self::Everything)];
}

impl Keyword for Level {
    const WHAT: &'static str = "a level of verification";
    const WORDS: &'static [(&'static str, Self)] =
        &[("V0", Self::V0), ("V1", Self::V1), ("V2", Self::V2), ("V3", Self::V3), ("V4", Self::V4)];
}

impl Leaf for StatusRange {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let (digits, width) = match text.strip_suffix("xx") {
            Some(class) => (format!("{class}00"), 99),
            None => (text.to_owned(), 0),
        };
        match digits.parse() {
            Ok(first @ 100..=599) if digits.len() == 3 => Ok(Self { first, last: first + width }),
            _ => Err(Complaint::about(ProblemCode::InvalidValue, "is not a status code")
                .hint("write `200`, `2xx`, or a list of them")),
        }
    }

    fn accepts() -> Accepts {
        Accepts { types: &["integer", "string"], range: Some((100, 599)), ..Accepts::text("^[1-5]([0-9][0-9]|xx)$") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_code_or_a_class() {
        assert_eq!(StatusRange::parse("204"), Ok(StatusRange { first: 204, last: 204 }));
        assert_eq!(StatusRange::parse("2xx"), Ok(StatusRange { first: 200, last: 299 }));
        for text in ["", "xx", "99", "600", "20", "+20", "2xxx", "22xx", "6xx"] {
            assert!(StatusRange::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        let complaint = TriggerAction::parse("rolback").unwrap_err();
        assert_eq!(complaint.hint.as_deref(), Some("did you mean `rollback`?"));
    }
}
