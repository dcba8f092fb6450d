//! An Application that is quiet while a database goes back: its workloads are at zero, and auto-sync, which would have them run
//! again, is paused.
//!
//! Contract: before a workload is touched the Application bears a mark, and it bears it until all of them run again. What
//! each workload had, it bears itself ([`crate::workloads`]).

use std::sync::Arc;
use std::time::Duration;

use backout_core::inventory::{Running, Standing};
use backout_core::port::{Clock, PortError};
use kube::core::DynamicObject;
use serde_json::Value;

use super::workloads::{is_in_cluster, left_over, workloads};
use crate::argocd::{Application, operate, request};
use crate::cluster::{Cluster, Kind, failed, is_momentary, patiently};
use crate::object::{annotation, number};
use crate::patched::patched;
use crate::workloads::{Workloads, cannot_stop, is_touched};

/// What `kubectl apply`, and Argo CD as well, notes of what it applied.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Pauses auto-sync, ends what is under way, scales the workloads of an Application to zero, and waits until their pods have
/// gone.
///
/// # Errors
/// Its workloads are on another cluster, or may not be scaled; one is a DaemonSet; pods do not end.
pub(in crate::argocd) async fn quiet(
    cluster: &Arc<Cluster>,
    name: &str,
    (grace, clock): (Duration, &dyn Clock),
) -> Result<(), PortError> {
    let api = cluster.api(Kind::Application).await?;
    let what = format!("Application `{name}` could not be made quiet");
    let found = patiently(is_momentary, || api.get_opt(name)).await.map_err(|error| failed(&what, &error))?;
    let Some(application) = found else { return Ok(()) };
    may_quiet(&application)?;
    patched(&api, name, &what, |there, version| request::hold(&Application::of(there), version, clock.now())).await?;
    operate::end(&api, &*cluster.live(Kind::Application).await?, name, None).await?;
    let application = patiently(is_momentary, || api.get(name)).await.map_err(|error| failed(&what, &error))?;
    for (namespace, names) in workloads(&application) {
        let stopped = Workloads::new(&*cluster.in_namespace(&namespace).await?, names).stop(grace).await;
        stopped.map_err(|error| PortError { what: format!("{what}: {}", error.what), ..error })?;
    }
    Ok(())
}

/// Whether all workloads of an Application can be scaled to zero, by what they are.
///
/// # Errors
/// They are on another cluster, or one is a DaemonSet.
pub(in crate::argocd) fn may_quiet(application: &DynamicObject) -> Result<(), PortError> {
    is_in_cluster(application)?;
    workloads(application).values().find_map(|names| cannot_stop(names)).map_or(Ok(()), Err)
}

/// Whether none of the workloads of an Application that bears the mark runs anything.
pub(in crate::argocd) async fn is_quiet(
    cluster: &Arc<Cluster>,
    application: &DynamicObject,
) -> Result<bool, PortError> {
    for (namespace, names) in workloads(application) {
        let beside = cluster.in_namespace(&namespace).await?;
        let workloads = Workloads::new(&beside, names);
        if !workloads.are_stopped(&workloads.objects().await?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is seen of an Application that is quiet: it is there, and nothing of it runs.
pub(in crate::argocd) fn still(running: Running, app: &Application) -> Running {
    let what = "its workloads are scaled to zero while a database goes back".to_owned();
    let since = app.held.as_ref().map(|held| held.at);
    Running { instances: Vec::new(), trouble: Some(Standing { what, since }), ..running }
}

/// Has the workloads of an Application run again that were stopped for a while, waits until they do, and takes the mark away.
/// Nothing where it bears none. Those that the newest sync would have removed stay as they are where it was made since: they
/// are no part of what is to run on a database that has gone back.
///
/// # Errors
/// One cannot be scaled, or its pods do not get to run.
pub(in crate::argocd) async fn wake(
    cluster: &Arc<Cluster>,
    name: &str,
    (within, clock): (Duration, &dyn Clock),
    rearms: bool,
) -> Result<(), PortError> {
    let api = cluster.api(Kind::Application).await?;
    let what = format!("Application `{name}` could not be brought back");
    let application = patiently(is_momentary, || api.get(name)).await.map_err(|error| failed(&what, &error))?;
    let app = Application::of(&application);
    let Some(held) = &app.held else { return Ok(()) };
    let is_synced = app.history.last().and_then(|newest| newest.id) != held.history;
    let left_over = if is_synced { left_over(&application) } else { Default::default() };
    let is_said = |there: &DynamicObject| (is_synced || is_touched(there)) && says_replicas(there);
    for (namespace, mut names) in workloads(&application) {
        names.retain(|workload| !left_over.contains(workload));
        let beside = cluster.in_namespace(&namespace).await?;
        let workloads = Workloads::new(&beside, names);
        if workloads.wake(is_said).await? {
            let running = workloads.until_running(within, clock).await;
            running.map_err(|error| PortError { what: format!("{what}: {}", error.what), ..error })?;
        }
    }
    patched(&api, name, &what, |there, version| request::wake(&Application::of(there), version, rearms)).await?;
    Ok(())
}

/// Whether what was applied to a workload says how many pods it has: by what the client noted of it, or by the fields that
/// the server notes for whoever applies.
fn says_replicas(there: &DynamicObject) -> bool {
    let applied = annotation(there, APPLIED).and_then(|applied| serde_json::from_str::<Value>(applied).ok());
    let mut managed = there.metadata.managed_fields.iter().flatten();
    applied.is_some_and(|applied| number(&applied, "/spec/replicas").is_some())
        || managed.any(|entry| {
            let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
            entry.operation.as_deref() == Some("Apply")
                && fields.is_some_and(|fields| fields.pointer("/f:spec/f:replicas").is_some())
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_applies_a_workload_says_how_many_pods_it_has_or_does_not() {
        let of = |annotations: Value, operation: &str, field: &str| {
            let managed = json!([{"manager": "argocd-controller", "operation": operation, "apiVersion": "apps/v1",
                "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {field: {}}}}]);
            let there = json!({"metadata": {"name": "web", "annotations": annotations, "managedFields": managed}});
            says_replicas(&serde_json::from_value(there).unwrap())
        };
        assert!(of(json!({}), "Apply", "f:replicas"));
        assert!(!of(json!({}), "Apply", "f:template"));
        assert!(!of(json!({}), "Update", "f:replicas"), "an autoscaler, or we");
        assert!(of(json!({APPLIED: r#"{"spec":{"replicas":2}}"#}), "Update", "f:template"));
        assert!(!of(json!({APPLIED: r#"{"spec":{}}"#}), "Update", "f:template"));
    }
}
