//! What an Application looks like to the engine: one service with one instance, whose health is what Argo CD says of all of
//! its resources.

use backout_core::inventory::{Health, Instance, InstanceState, Running, Standing, Version};

use super::{Application, Operation};

/// What runs, given its version.
pub(super) fn running(app: &Application, version: Version) -> Running {
    let instance = Instance {
        id: app.uid.clone(),
        name: app.name.clone(),
        version,
        state: InstanceState::Running,
        health: health(app),
        since: app.operation.as_ref().and_then(|operation| operation.finished_at),
        restarts: 0,
    };
    Running {
        label: label(app),
        wanted: 1,
        instances: vec![instance],
        unready: Vec::new(),
        trouble: trouble(app),
        busy: busy(app),
        next: None,
    }
}

/// The health that Argo CD tells, where it has looked since the newest operation ended.
///
/// | operation           | health                 | taken as    |
/// |---------------------|------------------------|-------------|
/// | ended, not settled  |                        | starting    |
/// | none, settled       | Healthy                | healthy     |
/// | none, settled       | Degraded, Missing      | unhealthy   |
/// | none, settled       | Progressing, Suspended, Unknown, none | starting |
fn health(app: &Application) -> Health {
    let is_stale = app.operation.as_ref().is_some_and(|operation| !operation.is_settled());
    match app.health.as_str() {
        _ if is_stale => Health::Starting,
        "Healthy" => Health::Healthy,
        "Degraded" | "Missing" => Health::Unhealthy,
        _ => Health::Starting,
    }
}

fn label(app: &Application) -> String {
    let newest =
        app.history.last().map(|entry| entry.revisions.iter().map(|r| short(r)).collect::<Vec<_>>().join(", "));
    let revision = newest.unwrap_or_else(|| "never synced".to_owned());
    let paused = if app.paused.is_some() { ", auto-sync paused by backout" } else { "" };
    format!("{revision} ({}{paused})", if app.sync.is_empty() { "Unknown" } else { &app.sync })
}

/// A commit as people write it; anything else as it is.
pub(super) fn short(revision: &str) -> &str {
    let is_commit = revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { &revision[..12] } else { revision }
}

/// A sync that failed, and resources that Argo CD gave up waiting for. Both stay until something is done.
fn trouble(app: &Application) -> Option<Standing> {
    if let Some(failed) = app.operation.as_ref().filter(|operation| operation.has_failed() && !app.is_busy()) {
        let what = format!("the sync ended {}: {}", failed.phase, failed.message);
        return Some(Standing { what, since: failed.finished_at });
    }
    let is_degraded = app.health == "Degraded" && app.operation.as_ref().is_none_or(Operation::is_settled);
    is_degraded.then(|| {
        let why = app.health_message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        Standing { what: format!("Argo CD says Degraded{why}"), since: None }
    })
}

fn busy(app: &Application) -> Option<Standing> {
    if !app.is_busy() {
        return None;
    }
    let operation = app.operation.as_ref().filter(|operation| operation.finished_at.is_none());
    let what = match operation {
        Some(operation) if operation.message.is_empty() => format!("an operation is {}", operation.phase),
        Some(operation) => format!("an operation is {}: {}", operation.phase, operation.message),
        None => "an operation waits to be taken up".to_owned(),
    };
    Some(Standing { what, since: operation.and_then(|operation| operation.started_at) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn app(status: serde_json::Value) -> Application {
        let object = json!({"metadata": {"name": "catalog", "uid": "1"}, "status": status});
        Application::of(&serde_json::from_value(object).unwrap())
    }

    fn state(phase: &str, finished: Option<&str>) -> serde_json::Value {
        json!({"phase": phase, "message": "one thing", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": finished})
    }

    #[test]
    fn health_from_before_the_operation_ended_is_not_believed() {
        let old = json!({"operationState": state("Succeeded", Some("2026-01-01T00:00:05Z")),
            "reconciledAt": "2026-01-01T00:00:01Z", "health": {"status": "Healthy"}});
        assert_eq!(health(&app(old.clone())), Health::Starting);
        let mut new = old;
        new["reconciledAt"] = json!("2026-01-01T00:00:06Z");
        assert_eq!(health(&app(new)), Health::Healthy);
    }

    #[test]
    fn operation_under_way_is_told_and_one_that_failed_is_trouble() {
        let under_way = app(json!({"operationState": state("Running", None)}));
        assert_eq!(busy(&under_way).unwrap().what, "an operation is Running: one thing");
        assert_eq!(trouble(&under_way), None);
        let failed = app(json!({"operationState": state("Failed", Some("2026-01-01T00:00:05Z"))}));
        assert_eq!(
            (busy(&failed), trouble(&failed).unwrap().what.as_str()),
            (None, "the sync ended Failed: one thing")
        );
    }

    #[test]
    fn commits_are_shortened_and_chart_versions_are_not() {
        assert_eq!(short("0123456789abcdef0123456789abcdef01234567"), "0123456789ab");
        assert_eq!(short("1.14.2"), "1.14.2");
    }
}
