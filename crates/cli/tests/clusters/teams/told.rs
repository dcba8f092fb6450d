//! Those who are told: a team's chat, whoever is on call, and the status page.

use backout_testkit::receiver::{Answer, HttpReceiver};
use serde_json::json;

/// Receivers that take everything as the services that they stand for do.
pub(crate) struct Told {
    pub(crate) chat: HttpReceiver,
    pub(crate) pager: HttpReceiver,
    pub(crate) page: HttpReceiver,
}

impl Told {
    pub(crate) fn start() -> Self {
        let said =
            |status, body: serde_json::Value| HttpReceiver::start(move |_| Answer::Say(status, body.to_string()));
        Self {
            chat: said(200, json!({"ok": true, "channel": "C1", "ts": "17.5"})).unwrap(),
            pager: said(202, json!({"status": "success"})).unwrap(),
            page: said(201, json!({"id": "p1"})).unwrap(),
        }
    }

    /// What configurations find them by.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLACK_TOKEN", "a token".to_owned()),
            ("SLACK_URL", self.chat.url("")),
            ("SLACK_WEBHOOK", self.chat.url("/services/T0/B0/x")),
            ("PAGERDUTY_ROUTING_KEY", "a key".to_owned()),
            ("PAGERDUTY_URL", self.pager.url("")),
            ("STATUSPAGE_KEY", "a key".to_owned()),
            ("STATUSPAGE_URL", self.page.url("")),
            ("TICKETS_URL", self.chat.url("/tickets")),
            ("TICKETS_KEY", "a key".to_owned()),
        ]
    }

    /// How many alerts the pager was told to open.
    pub(crate) fn alerts(&self) -> usize {
        self.pager.received().iter().filter(|it| it.json()["event_action"] == "trigger").count()
    }

    /// Whether the chat was told that.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        self.chat.received().iter().any(|it| it.body.contains(words))
    }
}
