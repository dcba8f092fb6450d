//! Slack: the incoming webhook, and the bot that keeps one message a run up to date.

use backout_core::notify::{Letter, Severity};
use backout_core::port::{Delivered, NotDelivered, Threads};
use serde_json::{Value, json};

use super::http::{Asker, Request};

/// Slack's limit for the text of a section, in characters.
const TEXT_LIMIT: usize = 3000;
/// Slack's limit for a field.
const FIELD_LIMIT: usize = 2000;
/// Slack's limit for fields in a section.
const FIELDS: usize = 10;

/// The message for an incoming webhook.
pub(super) fn webhook(url: &str, letter: &Letter) -> Request {
    Request::post(url, &message(letter))
}

/// A bot of Slack.
pub(super) struct Bot<'a> {
    pub(super) token: &'a str,
    pub(super) channel: &'a str,
    pub(super) server: Option<&'a str>,
}

impl Bot<'_> {
    /// Posts the run's message, or brings it up to date where there is one. A message that somebody has removed is posted anew.
    pub(super) async fn tell(
        &self,
        asker: &Asker,
        letter: &Letter,
        threads: &Threads,
    ) -> Result<Delivered, NotDelivered> {
        if let Some((channel, ts)) = threads.own.as_deref().and_then(|own| own.split_once('/')) {
            let answer = asker.ask(&self.update(channel, ts, letter)).await?;
            match refused(&answer) {
                Some("message_not_found" | "cant_update_message" | "edit_window_closed") => {}
                Some(why) => return Err(failure(why)),
                None => return Ok(Delivered { reference: threads.own.clone() }),
            }
        }
        let answer = asker.ask(&self.post(letter)).await?;
        match (refused(&answer), answer["channel"].as_str(), answer["ts"].as_str()) {
            (Some(why), _, _) => Err(failure(why)),
            (None, Some(channel), Some(ts)) => Ok(Delivered { reference: Some(format!("{channel}/{ts}")) }),
            _ => Ok(Delivered::default()),
        }
    }

    fn post(&self, letter: &Letter) -> Request {
        let mut body = message(letter);
        body["channel"] = self.channel.into();
        self.request("chat.postMessage", &body)
    }

    fn update(&self, channel: &str, ts: &str, letter: &Letter) -> Request {
        let mut body = message(letter);
        body["channel"] = channel.into();
        body["ts"] = ts.into();
        self.request("chat.update", &body)
    }

    fn request(&self, method: &str, body: &Value) -> Request {
        let server = self.server.unwrap_or("https://slack.com/api");
        Request::post(format!("{server}/{method}"), body)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json; charset=utf-8")
    }
}

/// Why Slack did not do it: its Web API answers 200 all the same.
fn refused(answer: &Value) -> Option<&str> {
    match answer["ok"].as_bool() {
        Some(true) => None,
        _ => Some(answer["error"].as_str().unwrap_or("no answer that can be read")),
    }
}

/// What a message itself is at fault for will not change.
fn failure(why: &str) -> NotDelivered {
    let is_final = matches!(why, "invalid_blocks" | "invalid_attachments" | "msg_too_long" | "no_text");
    NotDelivered { is_final, ..NotDelivered::for_now(format!("Slack answered `{why}`")) }
}

fn message(letter: &Letter) -> Value {
    let text = format!("*{}*\n{}", escaped(&letter.title), escaped(&letter.text));
    let mut blocks = vec![json!({ "type": "section", "text": { "type": "mrkdwn", "text": cut(&text, TEXT_LIMIT) } })];
    let field = |field: &backout_core::notify::Field| {
        let text = format!("*{}*\n{}", escaped(&field.name), escaped(&field.value));
        json!({ "type": "mrkdwn", "text": cut(&text, FIELD_LIMIT) })
    };
    // Whom to call stands last: nothing may be left out.
    for some in letter.fields.chunks(FIELDS) {
        blocks.push(json!({ "type": "section", "fields": some.iter().map(field).collect::<Vec<_>>() }));
    }
    json!({ "text": escaped(&letter.title), "attachments": [{ "color": color(letter), "blocks": blocks }] })
}

/// The three characters that Slack reads as its own.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The first characters, with a mark where something is left out.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

/// The colour beside a message.
pub(super) fn color(letter: &Letter) -> &'static str {
    match letter.notice.severity {
        Severity::Info => "#2e7d32",
        Severity::Warning => "#f9a825",
        Severity::Error => "#e65100",
        Severity::Critical => "#b71c1c",
    }
}
