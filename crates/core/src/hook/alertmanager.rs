//! What Alertmanager posts.
//!
//! Source of the format, version 4: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Refused, Told};

/// How many alerts one request may have.
const ALERTS: usize = 1_000;

#[derive(Deserialize)]
struct Document {
    version: String,
    alerts: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    status: String,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    fingerprint: String,
}

/// The alerts of a request's body.
///
/// # Errors
/// [`Refused::Unreadable`] where it is not of version 4, or has too many of them.
pub fn alertmanager(body: &[u8]) -> Result<Vec<Told>, Refused> {
    let document: Document = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
    if document.version != "4" || document.alerts.len() > ALERTS {
        return Err(Refused::Unreadable);
    }
    document.alerts.into_iter().map(told).collect()
}

fn told(one: One) -> Result<Told, Refused> {
    let is_firing = match one.status.as_str() {
        "firing" => true,
        "resolved" => false,
        _ => return Err(Refused::Unreadable),
    };
    let said = ["summary", "description", "message"].iter().find_map(|name| one.annotations.get(*name));
    let name = one.labels.get("alertname").cloned().unwrap_or_default();
    let what = said.map_or_else(|| name.clone(), |said| format!("{name}: {said}"));
    let id = match one.fingerprint.is_empty() {
        false => one.fingerprint,
        true => one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","),
    };
    Ok(Told { id, labels: one.labels, is_firing, what })
}

#[cfg(test)]
mod tests {
    use super::super::heard;
    use super::*;
    use crate::config::Alert;
    use crate::id::AlertName;

    /// As in Alertmanager's documentation, shortened.
    const BODY: &str = r#"{
        "version": "4", "groupKey": "{}:{alertname=\"HighErrorRate\"}", "truncatedAlerts": 0, "status": "firing",
        "receiver": "backout", "groupLabels": {"alertname": "HighErrorRate"}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": [
            {"status": "firing", "labels": {"alertname": "HighErrorRate", "service": "shop"},
             "annotations": {"summary": "5 % of requests fail"}, "startsAt": "2026-11-21T08:00:00Z",
             "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "a1b2"},
            {"status": "resolved", "labels": {"alertname": "DiskFull"}, "annotations": {},
             "startsAt": "2026-11-21T08:00:00Z", "endsAt": "2026-11-21T08:10:00Z", "generatorURL": "", "fingerprint": "c3"}
        ]}"#;

    fn alert(name: &str, labels: &[(&str, &str)]) -> (AlertName, Alert) {
        let name = AlertName::new(name).unwrap();
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        (name.clone(), Alert { name, labels, service: None })
    }

    #[test]
    fn alerts_are_the_configured_ones_whose_labels_they_have() {
        let alerts = [
            alert("errors", &[("alertname", "HighErrorRate"), ("service", "shop")]),
            alert("of-another", &[("alertname", "HighErrorRate"), ("service", "erp")]),
            alert("disk", &[("alertname", "DiskFull")]),
        ];
        let alerts = alerts.into();
        let told = alertmanager(BODY.as_bytes()).unwrap();
        let heard: Vec<_> = told.iter().flat_map(|told| heard("alertmanager", told, &alerts)).collect();
        let short: Vec<_> = heard.iter().map(|one| (one.alert.as_str(), one.is_firing, one.what.as_str())).collect();
        assert_eq!(short, [("errors", true, "HighErrorRate: 5 % of requests fail"), ("disk", false, "DiskFull")]);
    }

    #[test]
    fn what_alertmanager_does_not_send_is_not_read() {
        let other = BODY.replace("\"version\": \"4\"", "\"version\": \"5\"");
        let third = BODY.replace("resolved", "perhaps");
        for body in ["", "{}", "[]", "{\"version\":\"4\"}", other.as_str(), third.as_str()] {
            assert_eq!(alertmanager(body.as_bytes()), Err(Refused::Unreadable), "{body}");
        }
    }
}
