//! What signed requests say: an alert, or a deploy.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::alert::shortened;
use super::{Refused, Told};
use crate::id::ServiceName;
use crate::journal::Announcement;

/// How many services one deploy may name: what is announced is kept in the journal.
const SERVICES: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertBody {
    alert: String,
    status: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeployBody {
    version: Option<String>,
    author: Option<String>,
    link: Option<String>,
    #[serde(default)]
    services: Vec<ServiceName>,
    committed_at: Option<Timestamp>,
}

/// The alert in a body: `{"alert": "NAME", "status": "firing", "what": "...", "labels": {}}`; its name is the label
/// `alertname`, as Alertmanager has it.
///
/// # Errors
/// [`Refused::Unreadable`] where it is none.
pub fn alert_of(body: &[u8]) -> Result<Told, Refused> {
    let body: AlertBody = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
    let is_firing = match body.status.as_str() {
        "firing" => true,
        "resolved" => false,
        _ => return Err(Refused::Unreadable),
    };
    let mut labels = body.labels;
    labels.insert("alertname".to_owned(), body.alert.clone());
    let what = if body.what.is_empty() { body.alert } else { format!("{}: {}", body.alert, body.what) };
    Ok(Told { id: body.id, labels, is_firing, what })
}

/// The deploy in a body: `{"version": "1.4.2", "author": "anna", "link": "...", "services": ["app"], "committed_at":
/// "2026-11-21T08:00:00Z"}`, each as far as it is known.
///
/// # Errors
/// [`Refused::Unreadable`] where it is none, says nothing, or names more services than anybody deploys at once.
pub fn announcement_of(body: &[u8]) -> Result<Announcement, Refused> {
    let body: DeployBody = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
    if (body.version.is_none() && body.author.is_none()) || body.services.len() > SERVICES {
        return Err(Refused::Unreadable);
    }
    let short = |text: Option<String>| text.as_deref().map(shortened);
    Ok(Announcement {
        version: short(body.version),
        author: short(body.author),
        link: short(body.link),
        services: body.services,
        committed_at: body.committed_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_say_what_they_should_or_are_refused() {
        let told = alert_of(br#"{"alert": "queue", "status": "firing", "what": "10,000 wait"}"#).unwrap();
        assert_eq!((told.what.as_str(), told.labels["alertname"].as_str()), ("queue: 10,000 wait", "queue"));
        let deploy = announcement_of(br#"{"version": "1.4.2", "author": "anna", "services": ["app"]}"#).unwrap();
        assert_eq!(deploy.services.len(), 1);
        for body in [
            "",
            "{}",
            r#"{"alert": "a"}"#,
            r#"{"alert": "a", "status": "maybe"}"#,
            r#"{"alert": "a", "status": "firing", "x": 1}"#,
        ] {
            assert_eq!(alert_of(body.as_bytes()), Err(Refused::Unreadable), "{body}");
        }
        for body in [
            "",
            "{}",
            r#"{"link": "x"}"#,
            r#"{"version": 2}"#,
            r#"{"version": "1", "committed_at": "today"}"#,
            r#"{"version": "1", "services": [".."]}"#,
        ] {
            assert_eq!(announcement_of(body.as_bytes()), Err(Refused::Unreadable), "{body}");
        }
    }

    #[test]
    fn a_deploy_of_more_services_than_there_can_be_is_refused() {
        let body = |count: usize| format!(r#"{{"version": "1", "services": ["a"{}]}}"#, r#", "a""#.repeat(count - 1));
        assert_eq!(announcement_of(body(SERVICES).as_bytes()).unwrap().services.len(), SERVICES);
        assert_eq!(announcement_of(body(SERVICES + 1).as_bytes()), Err(Refused::Unreadable));
    }

    #[test]
    fn what_is_long_or_has_line_breaks_is_one_short_line() {
        let body = format!(r#"{{"author": "{}\n{}"}}"#, "a".repeat(10), "b".repeat(1_000));
        let author = announcement_of(body.as_bytes()).unwrap().author.unwrap();
        assert!(author.starts_with("aaaaaaaaaa b") && author.chars().count() == 201, "{author}");
    }
}
