//! An Application as its resource tells it.

use jiff::Timestamp;
use kube::core::DynamicObject;
use serde_json::Value;

use crate::workloads::STOPPED;

/// What is read of an Application.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Application {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) is_deleting: bool,
    /// The sources of its `spec`, as one or several.
    pub(super) sources: Value,
    /// `spec.syncPolicy.automated`, where it is on.
    pub(super) automated: Option<Value>,
    pub(super) sync_options: Vec<Value>,
    /// An operation that the controller has not taken up yet, or works on.
    pub(super) set: Option<Value>,
    pub(super) operation: Option<Operation>,
    /// Successful syncs, the newest last.
    pub(super) history: Vec<HistoryEntry>,
    pub(super) health: String,
    pub(super) health_message: Option<String>,
    pub(super) sync: String,
    /// What made it, where something did: an ApplicationSet, or an Application of Applications.
    pub(super) parent: Option<String>,
    /// What auto-sync was, where it is off because we switched it off.
    pub(super) paused: Option<Value>,
    /// Since when its workloads are at zero, where we scaled them for a while.
    pub(super) held: Option<Held>,
}

/// The mark of an Application whose workloads are at zero for a while.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    /// Since when.
    pub(super) at: Timestamp,
    /// The newest entry of its history then.
    pub(super) history: Option<i64>,
}

/// The newest operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Operation {
    /// What was asked for, as it was set.
    pub(super) asked: Value,
    pub(super) phase: String,
    pub(super) message: String,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) revisions: Vec<String>,
    /// When the controller last compared the Application with the cluster.
    pub(super) reconciled_at: Option<Timestamp>,
}

/// One successful sync.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistoryEntry {
    pub(super) id: Option<i64>,
    pub(super) revisions: Vec<String>,
    pub(super) sources: Value,
}

/// Our annotation on an Application whose auto-sync we switched off: what it was, as JSON.
pub(super) const PAUSED: &str = "backout.dev/paused-auto-sync";

impl Held {
    fn read(mark: &str) -> Option<Self> {
        let (at, history) = mark.split_once(' ')?;
        Some(Self { at: at.parse().ok()?, history: history.parse().ok() })
    }

    /// As it stands in the annotation [`STOPPED`] of an Application.
    pub(super) fn mark(app: &Application, at: Timestamp) -> String {
        let history = app.history.last().and_then(|newest| newest.id);
        format!("{at} {}", history.map_or_else(|| "-".to_owned(), |id| id.to_string()))
    }
}

impl Application {
    /// Reads it.
    pub(crate) fn of(object: &DynamicObject) -> Self {
        let (data, metadata) = (&object.data, &object.metadata);
        let annotations = metadata.annotations.clone().unwrap_or_default();
        let at = |pointer: &str| data.pointer(pointer);
        let text = |pointer: &str| at(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            name: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone().unwrap_or_default(),
            is_deleting: metadata.deletion_timestamp.is_some(),
            sources: sources(at("/spec").unwrap_or(&Value::Null)),
            automated: at("/spec/syncPolicy/automated").filter(|automated| is_on(automated)).cloned(),
            sync_options: at("/spec/syncPolicy/syncOptions").and_then(Value::as_array).cloned().unwrap_or_default(),
            set: at("/operation").filter(|operation| !operation.is_null()).cloned(),
            operation: at("/status/operationState")
                .filter(|state| !state.is_null())
                .map(|state| Operation::of(state, moment(at("/status/reconciledAt")))),
            history: at("/status/history").and_then(Value::as_array).into_iter().flatten().map(entry).collect(),
            health: text("/status/health/status"),
            health_message: at("/status/health/message").and_then(Value::as_str).map(str::to_owned),
            sync: text("/status/sync/status"),
            parent: parent(object),
            paused: annotations.get(PAUSED).and_then(|kept| serde_json::from_str(kept).ok()),
            held: annotations.get(STOPPED).and_then(|mark| Held::read(mark)),
        }
    }

    /// Whether an operation is under way, or waits to be taken up.
    pub(super) fn is_busy(&self) -> bool {
        self.set.is_some() || self.operation.as_ref().is_some_and(|operation| operation.finished_at.is_none())
    }

    /// Whether auto-sync removes what is no longer in the repository, or did before it was paused for a way back.
    pub(super) fn prunes(&self) -> bool {
        let automated = self.automated.as_ref().or(self.paused.as_ref());
        automated.is_some_and(|automated| automated["prune"] == Value::Bool(true))
    }
}

impl Operation {
    fn of(state: &Value, reconciled_at: Option<Timestamp>) -> Self {
        let text = |name: &str| state.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            asked: state.get("operation").cloned().unwrap_or_default(),
            phase: text("phase"),
            message: text("message"),
            started_at: moment(state.get("startedAt")),
            finished_at: moment(state.get("finishedAt")),
            revisions: revisions(state.get("syncResult").unwrap_or(&Value::Null)),
            reconciled_at,
        }
    }

    /// Whether it has ended and the controller has looked since: what it says of health and sync holds for its result.
    /// `Running` with an end means that it waits to be tried again.
    pub(super) fn is_settled(&self) -> bool {
        let has_looked =
            matches!((self.reconciled_at, self.finished_at), (Some(looked), Some(ended)) if looked >= ended);
        has_looked && self.phase != "Running" && self.phase != "Terminating"
    }

    /// Whether it has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.finished_at.is_some() && matches!(self.phase.as_str(), "Failed" | "Error")
    }
}

/// Auto-sync is on where `automated` is there and not `enabled: false`.
fn is_on(automated: &Value) -> bool {
    !automated.is_null() && automated.get("enabled").and_then(Value::as_bool) != Some(false)
}

/// `source` and `sources`, whichever there is.
fn sources(of: &Value) -> Value {
    let named = ["source", "sources"].into_iter().filter_map(|name| Some((name.to_owned(), of.get(name)?.clone())));
    Value::Object(named.filter(|(_, value)| !value.is_null()).collect())
}

fn revisions(of: &Value) -> Vec<String> {
    let several = of.get("revisions").and_then(Value::as_array).filter(|several| !several.is_empty());
    let one = of.get("revision").and_then(Value::as_str).filter(|revision| !revision.is_empty());
    match several {
        Some(several) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => one.map(str::to_owned).into_iter().collect(),
    }
}

fn entry(value: &Value) -> HistoryEntry {
    HistoryEntry { id: value.get("id").and_then(Value::as_i64), revisions: revisions(value), sources: sources(value) }
}

fn moment(value: Option<&Value>) -> Option<Timestamp> {
    value?.as_str()?.parse().ok()
}

/// The ApplicationSet that owns it, or the Application that it is tracked by.
fn parent(object: &DynamicObject) -> Option<String> {
    let owner = object.metadata.owner_references.iter().flatten().next();
    if let Some(owner) = owner {
        return Some(format!("{} `{}`", owner.kind, owner.name));
    }
    let annotations = object.metadata.annotations.as_ref();
    let tracked = annotations.and_then(|all| all.get("argocd.argoproj.io/tracking-id")?.split(':').next());
    let labelled = object.metadata.labels.as_ref().and_then(|all| all.get("app.kubernetes.io/instance"));
    let name = tracked.or(labelled.map(String::as_str)).filter(|name| Some(*name) != object.metadata.name.as_deref());
    name.map(|name| format!("Application `{name}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Application {
        Application::of(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn auto_sync_that_is_not_enabled_is_off() {
        for (automated, is_on) in [
            (json!({}), true),
            (json!({"prune": true}), true),
            (json!({"enabled": true}), true),
            (json!({"enabled": false}), false),
            (Value::Null, false),
        ] {
            let app = read(json!({"metadata": {}, "spec": {"syncPolicy": {"automated": automated}}}));
            assert_eq!(app.automated.is_some(), is_on, "{automated}");
        }
    }

    #[test]
    fn operation_has_settled_once_the_controller_has_looked_since() {
        let of = |phase: &str, finished: &str, reconciled: &str| {
            let state = json!({"phase": phase, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": finished});
            let app = read(json!({"metadata": {}, "status": {"operationState": state, "reconciledAt": reconciled}}));
            app.operation.unwrap().is_settled()
        };
        assert!(of("Succeeded", "2026-01-01T00:00:05Z", "2026-01-01T00:00:05Z"));
        assert!(!of("Succeeded", "2026-01-01T00:00:05Z", "2026-01-01T00:00:04Z"));
        assert!(!of("Succeeded", "", "2026-01-01T00:00:04Z"));
        assert!(!of("Running", "2026-01-01T00:00:05Z", "2026-01-01T00:00:06Z"), "it waits to be tried again");
    }

    #[test]
    fn what_made_an_application_is_found() {
        let set = json!({"metadata": {"name": "a", "ownerReferences": [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "all", "uid": "1"}]}});
        assert_eq!(read(set).parent.as_deref(), Some("ApplicationSet `all`"));
        let tracked = json!({"metadata": {"name": "a", "annotations": {
            "argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/a"}}});
        assert_eq!(read(tracked).parent.as_deref(), Some("Application `root`"));
        assert_eq!(
            read(json!({"metadata": {"name": "a", "labels": {"app.kubernetes.io/instance": "a"}}})).parent,
            None
        );
    }

    #[test]
    fn one_source_and_several_are_read_alike() {
        let several = json!({"revisions": ["a", "b"], "sources": [{"repoURL": "x"}, {"repoURL": "y"}], "id": 3});
        let entry = entry(&several);
        assert_eq!((entry.revisions.len(), entry.id), (2, Some(3)));
        assert_eq!(revisions(&json!({"revision": "a", "source": {"repoURL": "x"}})), ["a"]);
    }
}
