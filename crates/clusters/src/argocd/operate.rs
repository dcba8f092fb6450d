//! Operations: set, waited for, and ended where they cannot go on.

use std::time::Duration;

use backout_core::port::PortError;
use kube::api::PostParams;
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::pause::{TRIES, patched};
use super::{Application, Operation, request};
use crate::cluster::{Live, failed};

/// How long the controller may take to end an operation.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
/// What Argo CD says of an operation that may not run now.
const WINDOW: &str = "sync window";

/// Sets an operation, as `argocd app rollback` does: the whole object is read and written, again where somebody else wrote
/// in between. An operation that is set already is somebody's, and is not replaced.
pub(super) async fn set(api: &Api<DynamicObject>, name: &str, operation: &Value) -> Result<DynamicObject, PortError> {
    let what = format!("the operation of `{name}` could not be set");
    let mut tries = 0;
    loop {
        let mut object = api.get(name).await.map_err(|error| failed(&what, &error))?;
        if Application::of(&object).has_operation {
            return Err(PortError::new(format!("{what}: another one was set meanwhile"))
                .hint("run `backout rollback --force destination-unhealthy` once it has ended"));
        }
        object.data["operation"] = operation.clone();
        if let Some(status) = object.data.get_mut("status").and_then(Value::as_object_mut) {
            status.insert("operationState".to_owned(), json!(null));
        }
        match api.replace(name, &PostParams::default(), &object).await {
            Ok(written) => return Ok(written),
            Err(kube::Error::Api(status)) if status.code == 409 && tries < TRIES => tries += 1,
            Err(error) => return Err(failed(&what, &error)),
        }
    }
}

/// Ends whatever is under way, and waits until it has ended.
pub(super) async fn end(api: &Api<DynamicObject>, live: &Live, name: &str) -> Result<(), PortError> {
    let what = format!("the operation of `{name}` could not be ended");
    patched(api, name, &what, |object, version| {
        let app = Application::of(object);
        let is_under_way = app.operation.as_ref().is_some_and(|o| o.finished_at.is_none() && o.phase != "Terminating");
        is_under_way.then(|| request::terminate(version))
    })
    .await?;
    let ended = until(live, name, |app| (!app.is_busy()).then_some(Ok(())));
    match tokio::time::timeout(ENDS_WITHIN, ended).await {
        Ok(ended) => ended,
        Err(_) => Err(PortError::new(format!("{what}: it is still there after {} s", ENDS_WITHIN.as_secs()))
            .hint("look at it: `argocd app get`; end it: `argocd app terminate-op`")),
    }
}

/// Waits until the operation that was written has ended and the controller has looked since. One that a sync window holds
/// back is ended at once: it must not begin by itself hours later.
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
            return Some(Err(held_back(&name, operation)));
        }
        (!app.has_operation && operation.is_settled()).then(|| Ok(operation.clone()))
    })
    .await;
    if outcome.is_err() {
        end(api, live, &name).await?;
    }
    let operation = outcome?;
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

/// Waits for an Application to be so. Ends where it is gone or cannot be seen.
pub(super) async fn until<T>(
    live: &Live,
    name: &str,
    mut found: impl FnMut(&Application) -> Option<Result<T, PortError>>,
) -> Result<T, PortError> {
    let mut changes = live.changes();
    loop {
        let object = live.get(name).await?.ok_or_else(|| PortError::new(format!("Application `{name}` is gone")))?;
        if let Some(found) = found(&Application::of(&object)) {
            return found;
        }
        if changes.changed().await.is_err() {
            return Err(PortError::new(format!("Application `{name}` can no longer be watched")));
        }
    }
}
