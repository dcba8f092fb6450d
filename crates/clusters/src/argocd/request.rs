//! What is written to an Application, as values.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Application;
use super::application::{Held, PAUSED};
use crate::workloads::STOPPED;

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

/// Whether an operation that is there is the one that is wanted, and ours: one that a process of ours set which is gone.
/// Argo CD writes it out anew, without what says nothing.
pub(super) fn is_wanted(there: &Value, wanted: &Value) -> bool {
    let who = |operation: &Value| operation.pointer("/initiatedBy/username").cloned();
    let sync = |operation: &Value| telling(operation.get("sync").unwrap_or(&Value::Null));
    who(there).is_some_and(|who| who == WHO) && sync(there) == sync(wanted)
}

/// Without what is empty, null or false.
fn telling(value: &Value) -> Value {
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    };
    match value {
        Value::Object(all) => {
            let all = all.iter().map(|(name, value)| (name.clone(), telling(value)));
            Value::Object(all.filter(|(_, value)| says(value)).collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(telling).collect()),
        other => other.clone(),
    }
}

/// Switches auto-sync off, and keeps what it was on the Application. A merge patch: `null` removes.
pub(super) fn pause(app: &Application, version: &str) -> Option<Value> {
    let automated = app.automated.as_ref()?;
    Some(json!({
        "metadata": {"resourceVersion": version, "annotations": {PAUSED: automated.to_string()}},
        "spec": {"syncPolicy": {"automated": null}},
    }))
}

/// Marks an Application whose workloads are about to be scaled to zero, and switches auto-sync off. Nothing where both is so.
pub(super) fn hold(app: &Application, version: &str, at: Timestamp) -> Option<Value> {
    if app.held.is_some() {
        return pause(app, version);
    }
    let unpaused = || json!({"metadata": {"resourceVersion": version, "annotations": {}}});
    let mut patch = pause(app, version).unwrap_or_else(unpaused);
    patch["metadata"]["annotations"][STOPPED] = json!(Held::mark(app, at));
    Some(patch)
}

/// Takes the mark of an Application away whose workloads run again; and switches auto-sync on as it was, where that is asked
/// and it was switched off. A merge patch.
pub(super) fn wake(app: &Application, version: &str, rearms: bool) -> Option<Value> {
    app.held.as_ref()?;
    let kept = app.paused.as_ref().filter(|_| rearms && app.automated.is_none());
    let unpaused = || json!({"metadata": {"resourceVersion": version, "annotations": {}}});
    let mut patch = kept.map_or_else(unpaused, |kept| rearm(kept, version));
    patch["metadata"]["annotations"][STOPPED] = Value::Null;
    Some(patch)
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
    fn operation_of_ours_is_known_again_as_argocd_writes_it() {
        let app = app(json!({}));
        let target = Target { revisions: vec!["aaa".to_owned()], sources: json!({"source": {"repoURL": "r"}}) };
        let wanted = operation(&app, &target, false);
        let sync = json!({"revision": "aaa", "source": {"repoURL": "r"}, "syncStrategy": {"apply": {}}});
        let there = json!({"sync": sync, "initiatedBy": {"username": "backout"}, "retry": {}});
        assert!(is_wanted(&there, &wanted));
        let prunes = operation(&app, &target, true);
        assert!(!is_wanted(&there, &prunes), "it would leave what the bad version added");
        let mut of_somebody = there.clone();
        of_somebody["initiatedBy"]["username"] = json!("me");
        assert!(!is_wanted(&of_somebody, &wanted));
        let mut elsewhere = there;
        elsewhere["sync"]["revision"] = json!("bbb");
        assert!(!is_wanted(&elsewhere, &wanted));
    }

    #[test]
    fn pausing_keeps_what_it_was_and_does_nothing_twice() {
        let on = app(json!({"syncPolicy": {"automated": {"prune": true, "selfHeal": true}}}));
        let patch = pause(&on, "7").unwrap();
        assert_eq!(patch["spec"]["syncPolicy"]["automated"], Value::Null);
        assert_eq!(patch["metadata"]["annotations"][PAUSED], r#"{"prune":true,"selfHeal":true}"#);
        assert_eq!(pause(&app(json!({})), "7"), None);
    }

    #[test]
    fn an_application_is_held_with_auto_sync_off_and_gets_back_what_is_asked_for() {
        let mut on = app(json!({"syncPolicy": {"automated": {"prune": true}}}));
        on.history = vec![super::super::HistoryEntry { id: Some(3), revisions: Vec::new(), sources: Value::Null }];
        let at = "2026-11-21T08:00:00Z".parse().unwrap();
        let patch = hold(&on, "7", at).unwrap();
        assert_eq!(patch["spec"]["syncPolicy"]["automated"], Value::Null);
        let annotations = &patch["metadata"]["annotations"];
        assert_eq!(
            (&annotations[STOPPED], &annotations[PAUSED]),
            (&json!("2026-11-21T08:00:00Z 3"), &json!(r#"{"prune":true}"#))
        );
        let held = json!({"metadata": {"name": "a", "annotations": annotations}});
        let held = Application::of(&serde_json::from_value(held).unwrap());
        assert_eq!(held.held, Some(Held { at, history: Some(3) }));
        assert_eq!(hold(&held, "8", at), None, "a second time changes nothing");
        assert_eq!(wake(&held, "8", false).unwrap().get("spec"), None);
        let rearmed = wake(&held, "8", true).unwrap();
        assert_eq!(rearmed["spec"]["syncPolicy"]["automated"], json!({"prune": true}));
        assert_eq!(rearmed["metadata"]["annotations"], json!({PAUSED: null, STOPPED: null}));
        assert_eq!(wake(&on, "8", true), None);
    }
}
