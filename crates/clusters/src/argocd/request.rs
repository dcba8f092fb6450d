//! What is written to an Application, as values.

use serde_json::{Value, json};

use super::Application;
use super::application::PAUSED;

/// Who an operation is started by, as Argo CD shows it.
const WHO: &str = "backout";
/// Makes the controller look again.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// What to sync to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    /// The revision of each source.
    pub(super) revisions: Vec<String>,
    /// `source` or `sources`.
    pub(super) sources: Value,
}

/// The operation that `argocd app rollback` would set: a sync of these sources at these revisions, without hooks. What the
/// newer version added is removed only where auto-sync would have removed it.
pub(super) fn operation(app: &Application, target: &Target, prunes: bool) -> Value {
    let mut sync = json!({
        "prune": prunes,
        "dryRun": false,
        "syncStrategy": {"apply": {}},
    });
    if !app.sync_options.is_empty() {
        sync["syncOptions"] = json!(app.sync_options);
    }
    match target.sources.get("sources") {
        Some(sources) => {
            sync["sources"] = sources.clone();
            sync["revisions"] = json!(target.revisions);
        }
        None => {
            sync["source"] = target.sources.get("source").cloned().unwrap_or_default();
            sync["revision"] = json!(target.revisions.first());
        }
    }
    json!({"sync": sync, "initiatedBy": {"username": WHO}})
}

/// Switches auto-sync off, and keeps what it was on the Application. A merge patch: `null` removes.
pub(super) fn pause(app: &Application, version: &str) -> Option<Value> {
    let automated = app.automated.as_ref()?;
    Some(json!({
        "metadata": {"resourceVersion": version, "annotations": {PAUSED: automated.to_string()}},
        "spec": {"syncPolicy": {"automated": null}},
    }))
}

/// Switches auto-sync on as it was. A merge patch.
pub(super) fn rearm(kept: &Value, version: &str) -> Value {
    json!({
        "metadata": {"resourceVersion": version, "annotations": {PAUSED: null}},
        "spec": {"syncPolicy": {"automated": kept}},
    })
}

/// Makes the controller look at the repository again.
pub(super) fn refresh() -> Value {
    json!({"metadata": {"annotations": {REFRESH: "normal"}}})
}

/// Ends the operation that is under way.
pub(super) fn terminate(version: &str) -> Value {
    json!({"metadata": {"resourceVersion": version}, "status": {"operationState": {"phase": "Terminating"}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(spec: Value) -> Application {
        Application::of(&serde_json::from_value(json!({"metadata": {"name": "a"}, "spec": spec})).unwrap())
    }

    #[test]
    fn operation_is_that_of_a_rollback_through_argocd() {
        let app = app(json!({"syncPolicy": {"syncOptions": ["CreateNamespace=true"]}}));
        let target = Target { revisions: vec!["c0ffee".to_owned()], sources: json!({"source": {"repoURL": "r"}}) };
        assert_eq!(
            operation(&app, &target, false),
            json!({
                "sync": {"prune": false, "dryRun": false, "syncStrategy": {"apply": {}}, "revision": "c0ffee",
                    "source": {"repoURL": "r"}, "syncOptions": ["CreateNamespace=true"]},
                "initiatedBy": {"username": "backout"},
            })
        );
        let several = Target {
            revisions: vec!["a".to_owned(), "b".to_owned()],
            sources: json!({"sources": [{"repoURL": "r"}, {"repoURL": "s"}]}),
        };
        let sync = &operation(&app, &several, true)["sync"];
        assert_eq!((&sync["revisions"], &sync["prune"]), (&json!(["a", "b"]), &json!(true)));
        assert_eq!(sync.get("source"), None);
    }

    #[test]
    fn pausing_keeps_what_it_was_and_does_nothing_twice() {
        let on = app(json!({"syncPolicy": {"automated": {"prune": true, "selfHeal": true}}}));
        let patch = pause(&on, "7").unwrap();
        assert_eq!(patch["spec"]["syncPolicy"]["automated"], Value::Null);
        assert_eq!(patch["metadata"]["annotations"][PAUSED], r#"{"prune":true,"selfHeal":true}"#);
        assert_eq!(pause(&app(json!({})), "7"), None);
    }
}
