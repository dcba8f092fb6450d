//! Operations: set, waited for, and ended where they cannot go on.

use std::time::Duration;

use backout_core::port::PortError;
use jiff::Timestamp;
use kube::api::PostParams;
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Application, Operation, request};
use crate::cluster::{Live, failed, patiently};
use crate::patched::{may_pass, patched};

/// How long the controller may take to end an operation.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
/// How long the API server may be out of sight while an operation is waited for.
const BACK_WITHIN: Duration = Duration::from_secs(60);
/// The longest time between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// What Argo CD says of an operation that may not run now.
const WINDOW: &str = "sync window";

/// What there is of operations before one is wanted, and which counts as it.
pub(super) struct Wanted<'a> {
    /// As it is set.
    pub(super) operation: &'a Value,
    /// Whether it counts where it ended before now. Not where everything is to be started anew.
    pub(super) counts_ended: bool,
    /// When the newest operation began that was there before.
    pub(super) before: Option<Timestamp>,
}

impl Wanted<'_> {
    /// Whether the wanted operation is there: set or under way by a process of ours that is gone, or by a request whose
    /// answer was lost. It is followed then, and not begun again.
    ///
    /// | set, or under way     | ended                                    | is there |
    /// |-----------------------|------------------------------------------|----------|
    /// | the wanted one        |                                          | yes      |
    /// | another one           |                                          | no       |
    /// | none                  | the wanted one, succeeded, and it counts | yes      |
    /// | none                  | anything else                            | no       |
    fn is_there(&self, app: &Application) -> bool {
        let is_it = |operation: &Value| request::is_wanted(operation, self.operation);
        let newest = app.operation.as_ref();
        match (&app.set, newest) {
            (Some(set), _) => is_it(set),
            (None, Some(newest)) if newest.finished_at.is_none() => is_it(&newest.asked),
            (None, Some(newest)) => {
                let counts = self.counts_ended || newest.started_at != self.before;
                newest.phase == "Succeeded" && counts && is_it(&newest.asked)
            }
            (None, None) => false,
        }
    }
}

/// Sets an operation, as `argocd app rollback` does: the whole object is read and written, again where somebody else wrote
/// in between. One that is set already is somebody's, and is not replaced; the wanted one is not set twice. Answers with the
/// object that has it.
pub(super) async fn set(api: &Api<DynamicObject>, name: &str, wanted: &Wanted<'_>) -> Result<DynamicObject, PortError> {
    let what = format!("the operation of `{name}` could not be set");
    let parameters = PostParams::default();
    let set = patiently(may_pass, || async {
        let mut object = api.get(name).await?;
        let app = Application::of(&object);
        if wanted.is_there(&app) {
            return Ok(Some(object));
        }
        if app.set.is_some() {
            return Ok(None);
        }
        object.data["operation"] = wanted.operation.clone();
        if let Some(status) = object.data.get_mut("status").and_then(Value::as_object_mut) {
            status.insert("operationState".to_owned(), json!(null));
        }
        api.replace(name, &parameters, &object).await.map(Some)
    });
    let set = set.await.map_err(|error| failed(&what, &error))?;
    set.ok_or_else(|| {
        PortError::new(format!("{what}: another one was set meanwhile"))
            .hint("run `backout rollback --force destination-unhealthy` once it has ended")
    })
}

/// Ends whatever is under way, unless it is what is wanted, and waits until it has ended.
pub(super) async fn end(
    api: &Api<DynamicObject>,
    live: &Live,
    name: &str,
    wanted: Option<&Wanted<'_>>,
) -> Result<(), PortError> {
    let what = format!("the operation of `{name}` could not be ended");
    let mut is_wanted = false;
    patched(api, name, &what, |object, version| {
        let app = Application::of(object);
        is_wanted = wanted.is_some_and(|wanted| wanted.is_there(&app));
        let is_under_way = app.operation.as_ref().is_some_and(|o| o.finished_at.is_none() && o.phase != "Terminating");
        (is_under_way && !is_wanted).then(|| request::terminate(version))
    })
    .await?;
    if is_wanted {
        return Ok(());
    }
    let ended = until(live, name, |app| (!app.is_busy()).then_some(Ok(())));
    match tokio::time::timeout(ENDS_WITHIN, ended).await {
        Ok(ended) => ended,
        Err(_) => Err(PortError::new(format!("{what}: it is still there after {} s", ENDS_WITHIN.as_secs()))
            .hint("look at it: `argocd app get`; end it: `argocd app terminate-op`")),
    }
}

/// Waits until the operation that was written has ended and the controller has looked since. One that a sync window holds
/// back is ended at once: it must not begin by itself hours later. One that is out of sight goes on.
pub(super) async fn settled(
    api: &Api<DynamicObject>,
    live: &Live,
    written: &DynamicObject,
) -> Result<Operation, PortError> {
    let name = written.name_any();
    live.reflects(written).await?;
    let outcome = until(live, &name, |app| {
        let operation = app.operation.as_ref()?;
        if operation.finished_at.is_none() && operation.message.contains(WINDOW) {
            return Some(Ok(Err(held_back(&name, operation))));
        }
        (!app.is_busy() && operation.is_settled()).then(|| Ok(Ok(operation.clone())))
    });
    let operation = match outcome.await? {
        Ok(operation) => operation,
        Err(held_back) => {
            end(api, live, &name, None).await?;
            return Err(held_back);
        }
    };
    if operation.phase == "Succeeded" {
        return Ok(operation);
    }
    Err(PortError::new(format!("the sync of `{name}` ended {}: {}", operation.phase, operation.message))
        .hint(format!("see what it stumbled over: `argocd app get {name}`")))
}

fn held_back(name: &str, operation: &Operation) -> PortError {
    PortError::new(format!("a sync window keeps `{name}` from going back: {}", operation.message)).hint(
        "the operation was ended; allow manual syncs in the window, or wait for its end, then run `backout rollback --force \
         destination-unhealthy`",
    )
}

/// Waits for an Application to be so. Ends where it is gone, or cannot be seen for [`BACK_WITHIN`].
pub(super) async fn until<T>(
    live: &Live,
    name: &str,
    mut found: impl FnMut(&Application) -> Option<Result<T, PortError>>,
) -> Result<T, PortError> {
    let mut changes = live.changes();
    let mut unseen: Option<Instant> = None;
    loop {
        match live.get(name).await {
            Ok(object) => {
                unseen = None;
                let object = object.ok_or_else(|| gone(name))?;
                if let Some(found) = found(&Application::of(&object)) {
                    return found;
                }
            }
            Err(error) if unseen.get_or_insert_with(Instant::now).elapsed() > BACK_WITHIN => return Err(error),
            Err(_) => {}
        }
        // While nothing is seen there may be nothing that changes.
        drop(tokio::time::timeout(LOOK, changes.changed()).await);
    }
}

fn gone(name: &str) -> PortError {
    PortError::new(format!("Application `{name}` is gone: somebody deleted it, or its namespace"))
        .hint("make it again, then run `backout rollback`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(operation: Value, state: Value) -> Application {
        let object = json!({"metadata": {"name": "a"}, "operation": operation, "status": {"operationState": state}});
        Application::of(&serde_json::from_value(object).unwrap())
    }

    #[test]
    fn wanted_operation_is_there_where_it_need_not_be_begun_again() {
        let of = |who: &str, revision: &str| json!({"sync": {"revision": revision}, "initiatedBy": {"username": who}});
        let state = |operation: Value, phase: &str, finished: Option<&str>| {
            let began = "2026-01-01T00:00:01Z";
            json!({"operation": operation, "phase": phase, "startedAt": began, "finishedAt": finished})
        };
        let (ours, over) = (of("backout", "aaa"), Some("2026-01-01T00:00:05Z"));
        let mut wanted = Wanted { operation: &ours, counts_ended: true, before: None };
        for (operation, state, is_there) in [
            (ours.clone(), Value::Null, true),
            (of("me", "aaa"), Value::Null, false),
            (of("backout", "bbb"), state(ours.clone(), "Succeeded", over), false),
            (Value::Null, state(ours.clone(), "Running", None), true),
            (Value::Null, state(of("me", "aaa"), "Running", None), false),
            (Value::Null, state(ours.clone(), "Succeeded", over), true),
            (Value::Null, state(ours.clone(), "Failed", over), false),
            (Value::Null, Value::Null, false),
        ] {
            assert_eq!(wanted.is_there(&app(operation.clone(), state.clone())), is_there, "{operation} {state}");
        }
        wanted.counts_ended = false;
        let ended = app(Value::Null, state(ours.clone(), "Succeeded", over));
        assert!(wanted.is_there(&ended), "it was not there before, so an answer was lost");
        wanted.before = Some("2026-01-01T00:00:01Z".parse().unwrap());
        assert!(!wanted.is_there(&ended), "all is to be started anew");
    }
}
