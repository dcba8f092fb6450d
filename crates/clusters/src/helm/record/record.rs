//! Helm's record of one revision of a release.
//!
//! Contract: what Helm wrote is kept whole, also fields that are not known here, so that a record that is written again
//! loses nothing. Read as helm/helm writes it: `pkg/release/v1/release.go` and `pkg/storage/driver/secrets.go`, the same in
//! versions 3 and 4 but for times that are not set (an empty text in 3, left out in 4).

use std::collections::BTreeMap;

use backout_core::id::Digest;
use backout_core::port::PortError;
use jiff::Timestamp;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::Status;
use super::coding::{decoded, encoded};
use super::hooks::Hook;
use crate::object::{label, list, moment, name, text};

/// The type of the Secrets that hold records.
const SECRET_TYPE: &str = "helm.sh/release.v1";

/// Labels that Helm sets itself on each record.
const OWN_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// One revision of a release.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// As Helm wrote it.
    json: Value,
    /// Labels that the user gave the release.
    labels: BTreeMap<String, String>,
    /// The version of the object that it was read from, for a write that must not cross another.
    resource_version: Option<String>,
}

/// The name of the Secret of a revision.
fn key(release: &str, revision: u32) -> String {
    format!("sh.helm.release.v1.{release}.v{revision}")
}

/// The release and revision that an object holds by its labels; `None` for one that holds none.
pub(crate) fn labelled(object: &DynamicObject) -> Option<(&str, u32)> {
    let is_record = label(object, "owner") == Some("helm");
    let revision = label(object, "version")?.parse().ok()?;
    label(object, "name").filter(|_| is_record).map(|release| (release, revision))
}

impl Record {
    /// Reads the Secret of a revision.
    ///
    /// # Errors
    /// It holds something else.
    pub(crate) fn read(secret: &DynamicObject) -> Result<Self, PortError> {
        let whose = |error: PortError| PortError::new(format!("Helm's record `{}`: {}", name(secret), error.what));
        let data = text(&secret.data, "/data/release").ok_or_else(|| whose(PortError::new("it is empty")))?;
        let json = decoded(data).map_err(whose)?;
        let labels = secret.metadata.labels.iter().flatten();
        let labels = labels.filter(|(name, _)| !OWN_LABELS.contains(&name.as_str()));
        Ok(Self {
            json,
            labels: labels.map(|(name, value)| (name.clone(), value.clone())).collect(),
            resource_version: secret.metadata.resource_version.clone(),
        })
    }

    /// The Secret of the revision, without a namespace.
    ///
    /// # Errors
    /// It could not be packed.
    pub(crate) fn secret(&self) -> Result<DynamicObject, PortError> {
        let mut labels = self.labels.clone();
        let own = [("name", self.release().to_owned()), ("owner", "helm".to_owned())];
        labels.extend(own.map(|(name, value)| (name.to_owned(), value)));
        labels.insert("status".to_owned(), self.status().to_string());
        labels.insert("version".to_owned(), self.revision().to_string());
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": key(self.release(), self.revision()), "labels": labels},
            "type": SECRET_TYPE,
            "data": {"release": encoded(&self.json)?},
        });
        let mut secret: DynamicObject = serde_json::from_value(secret)
            .map_err(|error| PortError::new(format!("Helm's record could not be written: {error}")))?;
        secret.metadata.resource_version.clone_from(&self.resource_version);
        Ok(secret)
    }

    /// The same revision under another number and status, as an object that is not there yet.
    pub(crate) fn renumbered(&self, revision: u32, status: &Status) -> Self {
        let mut record = Self { resource_version: None, ..self.clone() };
        record.json["version"] = json!(revision);
        record.json["info"]["status"] = json!(status.as_str());
        record
    }

    /// The same record with another status and, where one is given, another description.
    pub(crate) fn marked(&self, status: &Status, description: Option<&str>) -> Self {
        let mut record = self.clone();
        record.json["info"]["status"] = json!(status.as_str());
        if let Some(description) = description {
            record.json["info"]["description"] = json!(description);
        }
        record
    }

    #[cfg(test)]
    pub(crate) fn of_json(json: Value) -> Self {
        Self { json, labels: BTreeMap::new(), resource_version: None }
    }

    pub(crate) fn release(&self) -> &str {
        text(&self.json, "/name").unwrap_or_default()
    }

    pub(crate) fn revision(&self) -> u32 {
        self.json.get("version").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
    }

    pub(crate) fn status(&self) -> Status {
        Status::read(text(&self.json, "/info/status").unwrap_or("unknown"))
    }

    /// Helm's own words on how it went.
    pub(crate) fn description(&self) -> &str {
        text(&self.json, "/info/description").unwrap_or_default()
    }

    /// When the operation that made it began.
    pub(crate) fn began_at(&self) -> Option<Timestamp> {
        moment(&self.json, "/info/last_deployed")
    }

    /// When its removal began.
    pub(crate) fn deleted_at(&self) -> Option<Timestamp> {
        moment(&self.json, "/info/deleted")
    }

    /// What the chart rendered, hooks left out.
    pub(crate) fn manifest(&self) -> &str {
        text(&self.json, "/manifest").unwrap_or_default()
    }

    /// The digest of what the chart rendered: two revisions with the same one put the same in place.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.manifest().as_bytes())
    }

    /// Chart and version: `shop-1.4.2`.
    pub(crate) fn chart(&self) -> String {
        let part = |pointer| text(&self.json, pointer).unwrap_or("?");
        format!("{}-{}", part("/chart/metadata/name"), part("/chart/metadata/version"))
    }

    /// The version of the application that the chart names; empty where it names none.
    pub(crate) fn app_version(&self) -> &str {
        text(&self.json, "/chart/metadata/appVersion").unwrap_or_default()
    }

    /// The revision in words: `shop-1.4.2 (2.0), revision 4`.
    pub(crate) fn words(&self) -> String {
        let app = if self.app_version().is_empty() { String::new() } else { format!(" ({})", self.app_version()) };
        format!("{}{app}, revision {}", self.chart(), self.revision())
    }

    /// The values that the user gave.
    pub(crate) fn values(&self) -> &Value {
        self.json.get("config").unwrap_or(&Value::Null)
    }

    /// The values that the chart has by itself.
    pub(crate) fn defaults(&self) -> &Value {
        self.json.pointer("/chart/values").unwrap_or(&Value::Null)
    }

    /// The hooks that the chart rendered.
    pub(crate) fn hooks(&self) -> Vec<Hook> {
        list(&self.json, "/hooks").iter().map(Hook::read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{FIXTURES, fixture};
    use super::*;

    #[test]
    fn records_of_both_generations_are_read() {
        for (install, failed) in [("shop-32.v1", "shop-32.v3"), ("shop-37.v1", "shop-37.v3")] {
            let (install, failed) = (fixture(install), fixture(failed));
            assert_eq!(install.words(), "shop-1.4.2 (2.0), revision 1");
            assert_eq!((install.status(), failed.status()), (Status::Superseded, Status::Failed));
            assert_eq!(install.description(), "Install complete");
            assert!(failed.description().starts_with("Upgrade \"shop-3"), "{}", failed.description());
            assert!(install.began_at() < failed.began_at() && failed.deleted_at().is_none());
            assert_ne!(install.digest(), failed.digest());
            assert_eq!(failed.values(), &json!({"image": {"tag": "bad"}}));
        }
    }

    #[test]
    fn a_record_that_is_written_again_loses_nothing() {
        for (name, json) in FIXTURES {
            let secret: DynamicObject = serde_json::from_str(json).unwrap();
            let record = fixture(name);
            let written = record.secret().unwrap();
            assert_eq!(Record::read(&written).unwrap().json, record.json);
            assert_eq!(written.metadata.name, secret.metadata.name);
            assert_eq!(written.metadata.resource_version, secret.metadata.resource_version);
            for label in ["name", "owner", "status", "version"] {
                let of = |object: &DynamicObject| object.metadata.labels.as_ref().unwrap().get(label).cloned();
                assert_eq!(of(&written), of(&secret), "{label}");
            }
        }
    }

    #[test]
    fn a_mark_shows_in_the_record_and_in_its_label() {
        let marked = fixture("shop-37.v1").marked(&Status::Failed, Some("given up"));
        let secret = marked.secret().unwrap();
        assert_eq!(label(&secret, "status"), Some("failed"));
        assert_eq!((marked.description(), marked.status()), ("given up", Status::Failed));
        assert!(secret.metadata.resource_version.is_some(), "a write must not cross another");
        let other = fixture("shop-37.v1").renumbered(7, &Status::Superseded);
        let secret = other.secret().unwrap();
        assert_eq!((name(&secret), label(&secret, "version")), ("sh.helm.release.v1.shop-37.v7", Some("7")));
        assert_eq!((secret.metadata.resource_version, other.revision()), (None, 7));
    }
}
