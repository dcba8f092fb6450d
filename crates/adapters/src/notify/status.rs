//! Status pages: Atlassian Statuspage, Instatus and Cachet. One incident a run, brought up to date until it is over.
//!
//! What is said there is read by everybody: unless the user has a template of their own, it is a sentence without names,
//! commands and measurements.
//!
//! | alert | an incident is open | none is |
//! |---|---|---|
//! | trouble | brought up to date | opened |
//! | somebody is at it, or anything else | brought up to date | nothing |
//! | the trouble is over, and is observed | monitored; those of earlier runs are closed | nothing |
//! | the trouble is over | closed, also those of earlier runs | nothing |

use backout_core::config::{StatusPage, StatusService};
use backout_core::notify::{Alert, Event, Letter, Notice};
use backout_core::port::{Delivered, NotDelivered, Threads};
use reqwest::Method;
use serde_json::{Value, json};

use super::http::{Asker, Request};

/// How far an incident is; each service has words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Investigating,
    Identified,
    Monitoring,
    Resolved,
}

/// Tells everybody.
pub(super) async fn tell(
    asker: &Asker,
    page: &StatusPage,
    token: &str,
    letter: &Letter,
    threads: &Threads,
) -> Result<Delivered, NotDelivered> {
    let writer = Writer { page, token, letter };
    let stage = stage(&letter.notice);
    let own = threads.own.iter().map(|incident| (incident, stage));
    let earlier = threads.resolved.iter().map(|incident| (incident, Stage::Resolved));
    let open: Vec<(&String, Stage)> = own.chain(earlier.filter(|_| stage.is_well())).collect();
    for (incident, stage) in &open {
        asker.ask(&writer.update(incident, *stage)).await?;
    }
    let opens = letter.notice.event.alert() == Some(Alert::Trigger) || letter.notice.event == Event::Test;
    if !open.is_empty() || !opens {
        return Ok(Delivered { reference: threads.own.clone() });
    }
    let answer = asker.ask(&writer.create(stage)).await?;
    let id = identifier(&answer);
    if let (Event::Test, Some(id)) = (letter.notice.event, &id) {
        asker.ask(&writer.update(id, Stage::Resolved)).await?;
    }
    Ok(Delivered { reference: id })
}

/// What the service calls the incident: a text, or a number, which Cachet puts into `data`.
fn identifier(answer: &Value) -> Option<String> {
    [&answer["id"], &answer["data"]["id"]].into_iter().find_map(|id| match id {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

impl Stage {
    /// Whether everything works.
    fn is_well(self) -> bool {
        matches!(self, Self::Monitoring | Self::Resolved)
    }
}

fn stage(notice: &Notice) -> Stage {
    match notice.event.alert() {
        Some(Alert::Resolve) if notice.is_observed => Stage::Monitoring,
        Some(Alert::Resolve) => Stage::Resolved,
        Some(Alert::Acknowledge) => Stage::Identified,
        // It was over when the observation began, and still is.
        _ if notice.event == Event::Observed => Stage::Resolved,
        _ if notice.event == Event::GoingBack => Stage::Identified,
        _ => Stage::Investigating,
    }
}

struct Writer<'a> {
    page: &'a StatusPage,
    token: &'a str,
    letter: &'a Letter,
}

impl Writer<'_> {
    fn create(&self, stage: Stage) -> Request {
        let (name, text, components) = (self.name(), self.text(), &self.page.components);
        let (path, body) = match self.page.service {
            StatusService::Atlassian => {
                let status = self.word(stage);
                let mut incident = json!({ "name": name, "status": status, "body": text });
                if !components.is_empty() {
                    incident["component_ids"] = json!(components);
                    incident["components"] = self.each_component("partial_outage");
                }
                (format!("/v1/pages/{}/incidents", self.page.page), json!({ "incident": incident }))
            }
            StatusService::Instatus => {
                let mut body = json!({
                    "name": name, "message": text, "components": components, "status": self.word(stage),
                    "started": self.letter.notice.at.to_string(), "notify": true,
                });
                body["statuses"] = self.instatus_components("PARTIALOUTAGE");
                (format!("/v1/{}/incidents", self.page.page), body)
            }
            StatusService::Cachet => {
                let mut body = json!({
                    "name": name, "message": text, "status": self.number(stage), "visible": 1, "notify": true,
                });
                if let Some(component) = components.first() {
                    body["component_id"] = json!(component);
                    body["component_status"] = 3.into();
                }
                ("/api/v1/incidents".to_owned(), body)
            }
        };
        self.request(Method::POST, &path, &body)
    }

    fn update(&self, incident: &str, stage: Stage) -> Request {
        let (text, is_well) = (self.text(), stage.is_well());
        match self.page.service {
            StatusService::Atlassian => {
                let mut changed = json!({ "status": self.word(stage), "body": text });
                if is_well && !self.page.components.is_empty() {
                    changed["components"] = self.each_component("operational");
                }
                let path = format!("/v1/pages/{}/incidents/{incident}", self.page.page);
                self.request(Method::PATCH, &path, &json!({ "incident": changed }))
            }
            StatusService::Instatus => {
                let path = format!("/v1/{}/incidents/{incident}/incident-updates", self.page.page);
                let status = if is_well { "OPERATIONAL" } else { "PARTIALOUTAGE" };
                let body = json!({
                    "message": text, "components": self.page.components, "status": self.word(stage),
                    "started": self.letter.notice.at.to_string(), "notify": true,
                    "statuses": self.instatus_components(status),
                });
                self.request(Method::POST, &path, &body)
            }
            StatusService::Cachet => {
                let mut body = json!({ "message": text, "status": self.number(stage) });
                if let (Some(component), true) = (self.page.components.first(), is_well) {
                    body["component_id"] = json!(component);
                    body["component_status"] = 1.into();
                }
                self.request(Method::PUT, &format!("/api/v1/incidents/{incident}"), &body)
            }
        }
    }

    fn request(&self, method: Method, path: &str, body: &Value) -> Request {
        let server = self.page.server.as_deref().unwrap_or(match self.page.service {
            StatusService::Atlassian => "https://api.statuspage.io",
            StatusService::Instatus | StatusService::Cachet => "https://api.instatus.com",
        });
        let (header, value) = match self.page.service {
            StatusService::Atlassian => ("authorization", format!("OAuth {}", self.token)),
            StatusService::Instatus => ("authorization", format!("Bearer {}", self.token)),
            StatusService::Cachet => ("x-cachet-token", self.token.to_owned()),
        };
        Request::post(format!("{server}{path}"), body).method(method).header(header, value)
    }

    fn word(&self, stage: Stage) -> String {
        let word = match stage {
            Stage::Investigating => "investigating",
            Stage::Identified => "identified",
            Stage::Monitoring => "monitoring",
            Stage::Resolved => "resolved",
        };
        if self.page.service == StatusService::Instatus { word.to_uppercase() } else { word.to_owned() }
    }

    /// Cachet's numbers for how far an incident is.
    fn number(&self, stage: Stage) -> u8 {
        match stage {
            Stage::Investigating => 1,
            Stage::Identified => 2,
            Stage::Monitoring => 3,
            Stage::Resolved => 4,
        }
    }

    /// Atlassian's way to give each component a status.
    fn each_component(&self, status: &str) -> Value {
        self.page
            .components
            .iter()
            .map(|id| (id.clone(), Value::from(status)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// Instatus's way to do so.
    fn instatus_components(&self, status: &str) -> Value {
        self.page.components.iter().map(|id| json!({ "id": id, "status": status })).collect()
    }

    fn name(&self) -> String {
        if self.letter.is_own { self.letter.title.clone() } else { format!("{}: trouble", self.letter.notice.project) }
    }

    fn text(&self) -> String {
        if self.letter.is_own {
            return self.letter.text.clone();
        }
        let text = match self.letter.notice.event {
            Event::GoingBack => "A change has caused trouble. We are taking it back.",
            Event::TakenOver => "We are still at it.",
            Event::RolledBack if self.letter.notice.is_observed => {
                "The change has been taken back and everything was checked. We keep looking for a while."
            }
            Event::RolledBack => "The change has been taken back, and everything was checked.",
            Event::Observed => "Everything has stayed well since.",
            Event::NothingChanged | Event::WellAgain | Event::Kept => {
                "The trouble is over, and everything was checked."
            }
            Event::Test => "This is a test. Nothing has happened.",
            _ => "There is trouble, and we are looking into it.",
        };
        text.to_owned()
    }
}
