//! Microsoft Teams and Discord.

use backout_core::notify::{Field, Letter, Severity};
use serde_json::{Value, json};

use super::http::Request;
use super::slack::{color, cut};

/// Discord's limit for a title and the name of a field, in characters.
const DISCORD_TITLE: usize = 256;
/// Its limit for the text.
const DISCORD_TEXT: usize = 4096;
/// Its limit for the value of a field.
const DISCORD_VALUE: usize = 1024;
/// Its limit for the number of fields.
const DISCORD_FIELDS: usize = 25;

/// An adaptive card, as the webhooks of Teams (connectors and workflows) take it.
pub(super) fn teams(url: &str, letter: &Letter) -> Request {
    let style = match letter.notice.severity {
        Severity::Info => "Good",
        Severity::Warning => "Warning",
        Severity::Error | Severity::Critical => "Attention",
    };
    let block = |text: &str, more: Value| {
        let mut block = json!({ "type": "TextBlock", "text": text, "wrap": true });
        if let (Some(block), Value::Object(more)) = (block.as_object_mut(), more) {
            block.extend(more);
        }
        block
    };
    let mut body = vec![block(&letter.title, json!({ "size": "Large", "weight": "Bolder", "color": style }))];
    body.extend(letter.text.lines().filter(|line| !line.is_empty()).map(|line| block(line, Value::Null)));
    if !letter.fields.is_empty() {
        let fact = |field: &Field| json!({ "title": field.name, "value": field.value });
        body.push(json!({ "type": "FactSet", "facts": letter.fields.iter().map(fact).collect::<Vec<_>>() }));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": body,
    });
    let attachment = json!({
        "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card,
    });
    Request::post(url, &json!({ "type": "message", "attachments": [attachment] }))
}

/// An embed; nobody is mentioned by what a message happens to hold.
pub(super) fn discord(url: &str, letter: &Letter) -> Request {
    let field = |field: &Field| {
        let value = if field.value.is_empty() { "-" } else { &field.value };
        json!({ "name": cut(&field.name, DISCORD_TITLE), "value": cut(value, DISCORD_VALUE), "inline": value.len() < 40 })
    };
    let number = u32::from_str_radix(color(letter).trim_start_matches('#'), 16).unwrap_or_default();
    let embed = json!({
        "title": cut(&letter.title, DISCORD_TITLE),
        "description": cut(&letter.text, DISCORD_TEXT),
        "color": number,
        "timestamp": letter.notice.at.to_string(),
        "fields": letter.fields.iter().take(DISCORD_FIELDS).map(field).collect::<Vec<_>>(),
    });
    Request::post(url, &json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } }))
}
