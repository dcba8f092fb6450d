//! Watches: changes after a revision, one line of JSON each.
//!
//! | `resourceVersion` | first |
//! |---|---|
//! | none or `0` | everything that is there, as `ADDED` |
//! | known | nothing: the changes after it |
//! | forgotten | one `ERROR` with 410 `Expired`, and the end |
//!
//! An object that begins to match the selectors is `ADDED`, one that ceases to is `DELETED`.

use serde_json::{Value, json};

use crate::api::object::table;
use crate::api::{Call, Problem, Target};
use crate::cluster::{Change, Cluster, FieldSelector, LabelSelector, Resource, object};

/// One client's watch.
#[derive(Debug)]
pub(crate) struct Watch {
    resource: &'static Resource,
    namespace: String,
    labels: LabelSelector,
    fields: FieldSelector,
    is_table: bool,
    /// Whether the client wants to be told how far it is.
    pub(crate) has_bookmarks: bool,
    /// When the client wants it to end.
    pub(crate) seconds: Option<u64>,
    seen: u64,
    waiting: Vec<Value>,
    is_over: bool,
}

/// What comes next on a watch.
#[derive(Debug)]
pub(crate) enum Next {
    Events(Vec<Value>),
    Nothing,
    End,
}

impl Watch {
    pub(crate) fn begin(cluster: &Cluster, call: &Call, target: &Target) -> Result<Self, Problem> {
        if call.query("sendInitialEvents") == "true" {
            let message = "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
            return Err(Problem::new(422, message));
        }
        let version = call.query("resourceVersion");
        let mut watch = Self {
            resource: target.resource,
            namespace: target.namespace.clone(),
            labels: LabelSelector::parse(call.query("labelSelector")),
            fields: FieldSelector::parse(call.query("fieldSelector")),
            is_table: table::is_wanted(call),
            has_bookmarks: call.query("allowWatchBookmarks") == "true",
            seconds: call.query("timeoutSeconds").parse().ok(),
            seen: cluster.store.revision(),
            waiting: Vec::new(),
            is_over: false,
        };
        if ["", "0"].contains(&version) {
            let there = cluster.store.list(watch.resource, &watch.namespace).map(|(_, value)| value);
            watch.waiting =
                there.filter(|value| watch.matches(value)).map(|value| watch.event("ADDED", value)).collect();
        } else {
            let seen = version.parse();
            watch.seen = seen.map_err(|_| Problem::new(400, format!("invalid resource version {version:?}")))?;
        }
        Ok(watch)
    }

    /// What happened since the last time.
    pub(crate) fn next(&mut self, cluster: &Cluster) -> Next {
        if self.is_over {
            return Next::End;
        }
        let mut events = std::mem::take(&mut self.waiting);
        match cluster.store.changes_since(self.seen) {
            Some(changes) => events.extend(changes.iter().filter_map(|change| self.told(change))),
            None => {
                events.push(expired());
                self.is_over = true;
            }
        }
        self.seen = self.seen.max(cluster.store.revision());
        if events.is_empty() { Next::Nothing } else { Next::Events(events) }
    }

    /// How far the watch is, for a client that wants to know.
    pub(crate) fn bookmark(&self) -> Value {
        let metadata = json!({"resourceVersion": self.seen.to_string(), "creationTimestamp": null});
        let (version, kind) = (self.resource.api_version(), self.resource.kind);
        json!({"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": version, "metadata": metadata}})
    }

    fn told(&self, change: &Change) -> Option<Value> {
        let is_here = self.namespace.is_empty() || change.key.namespace == self.namespace;
        if !change.key.is_of(self.resource) || !is_here {
            return None;
        }
        let before = change.before.as_ref().filter(|value| self.matches(value));
        let after = change.after.as_ref().filter(|value| self.matches(value));
        match (before, after) {
            (None, Some(value)) => Some(self.event("ADDED", value)),
            (Some(_), Some(value)) => Some(self.event("MODIFIED", value)),
            (Some(gone), None) => {
                let mut gone = gone.clone();
                object::set(&mut gone, &["metadata", "resourceVersion"], json!(change.revision.to_string()));
                Some(self.event("DELETED", &gone))
            }
            (None, None) => None,
        }
    }

    fn matches(&self, value: &Value) -> bool {
        self.labels.matches(&object::at(value, "/metadata/labels")) && self.fields.matches(value)
    }

    fn event(&self, kind: &str, value: &Value) -> Value {
        if self.is_table {
            return json!({"type": kind, "object": table::table(self.resource, &[value], &json!({}))});
        }
        json!({"type": kind, "object": value})
    }
}

/// What a watch is told whose revision is forgotten.
pub(crate) fn expired() -> Value {
    json!({"type": "ERROR", "object": Problem::new(410, "too old resource version").to_status()})
}
