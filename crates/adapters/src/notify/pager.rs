//! PagerDuty (Events API v2) and Opsgenie (Alert API v2): one alert a run, by its key.
//!
//! | event | PagerDuty | Opsgenie |
//! |---|---|---|
//! | trouble | `trigger` | create |
//! | somebody is at it | `acknowledge` | acknowledge |
//! | the trouble is over | `resolve`, also of earlier runs | close, also of earlier runs |
//! | anything else that is asked for | a change event | a note on the alert |
//! | a test | `trigger`, then `resolve` | create, then close |

use backout_core::notify::{Alert, Event, Field, Letter, Severity};
use serde_json::{Map, Value, json};

use super::http::Request;
use super::slack::cut;

/// PagerDuty's limit for a summary, in characters.
const SUMMARY: usize = 1024;
/// Opsgenie's limits: the message and the description.
const MESSAGE: usize = 130;
const DESCRIPTION: usize = 15_000;

/// What is to be done to which alert, in order.
fn acts(letter: &Letter) -> Vec<(Option<Alert>, String)> {
    let notice = &letter.notice;
    let key = |thread: &str| format!("{}/{}/{thread}", notice.project, notice.environment);
    let own = key(notice.thread());
    match notice.event.alert() {
        _ if notice.event == Event::Test => vec![(Some(Alert::Trigger), own.clone()), (Some(Alert::Resolve), own)],
        Some(Alert::Resolve) => {
            let earlier = notice.resolves.iter().map(|run| key(run.as_str()));
            std::iter::once(own).chain(earlier).map(|key| (Some(Alert::Resolve), key)).collect()
        }
        alert => vec![(alert, own)],
    }
}

fn details(fields: &[Field], text: &str) -> Map<String, Value> {
    let mut details: Map<String, Value> =
        fields.iter().map(|field| (field.name.clone(), Value::from(field.value.as_str()))).collect();
    if !text.is_empty() {
        details.insert("Text".to_owned(), text.into());
    }
    details
}

/// The requests for PagerDuty.
pub(super) fn pagerduty(server: Option<&str>, routing_key: &str, letter: &Letter) -> Vec<Request> {
    let server = server.unwrap_or("https://events.pagerduty.com");
    let notice = &letter.notice;
    let mut payload = json!({
        "summary": cut(&letter.title, SUMMARY),
        "source": format!("{}/{}", notice.project, notice.environment),
        "timestamp": notice.at.to_string(),
        "custom_details": details(&letter.fields, &letter.text),
    });
    let mut requests = Vec::new();
    for (alert, key) in acts(letter) {
        let action = match alert {
            None => {
                let body = json!({ "routing_key": routing_key, "payload": payload });
                requests.push(Request::post(format!("{server}/v2/change/enqueue"), &body));
                continue;
            }
            Some(Alert::Trigger) => "trigger",
            Some(Alert::Acknowledge) => "acknowledge",
            Some(Alert::Resolve) => "resolve",
        };
        payload["severity"] = json!(notice.severity);
        let body = json!({
            "routing_key": routing_key,
            "event_action": action,
            "dedup_key": cut(&key, 255),
            "client": "backout",
            "payload": payload,
        });
        requests.push(Request::post(format!("{server}/v2/enqueue"), &body));
    }
    requests
}

/// The requests for Opsgenie.
pub(super) fn opsgenie(server: Option<&str>, key: &str, letter: &Letter) -> Vec<Request> {
    let server = server.unwrap_or("https://api.opsgenie.com");
    let notice = &letter.notice;
    let priority = match notice.severity {
        Severity::Critical => "P1",
        Severity::Error => "P2",
        Severity::Warning => "P3",
        Severity::Info => "P5",
    };
    let request = |(alert, alias): (Option<Alert>, String)| {
        let note = json!({ "source": "backout", "note": format!("{}\n{}", letter.title, letter.text) });
        let on_alert = |what: &str| {
            let alias: String = url::form_urlencoded::byte_serialize(alias.as_bytes()).collect();
            Request::post(format!("{server}/v2/alerts/{alias}/{what}?identifierType=alias"), &note)
        };
        let request = match alert {
            Some(Alert::Trigger) => {
                let body = json!({
                    "message": cut(&letter.title, MESSAGE),
                    "alias": alias,
                    "description": cut(&letter.text, DESCRIPTION),
                    "details": details(&letter.fields, ""),
                    "priority": priority,
                    "entity": format!("{}/{}", notice.project, notice.environment),
                    "source": "backout",
                    "tags": ["backout", notice.event.word()],
                });
                Request::post(format!("{server}/v2/alerts"), &body)
            }
            Some(Alert::Acknowledge) => on_alert("acknowledge"),
            Some(Alert::Resolve) => on_alert("close"),
            None => on_alert("notes"),
        };
        request.header("authorization", format!("GenieKey {key}"))
    };
    acts(letter).into_iter().map(request).collect()
}
