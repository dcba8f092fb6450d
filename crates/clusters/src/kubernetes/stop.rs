//! Stopping a workload that should not run, without forgetting it.
//!
//! It is scaled to zero and bears how many there were; nothing is deleted, because a StatefulSet may take its volumes with
//! it, and a later step may need the workload again. Only a DaemonSet, which cannot be scaled, is deleted: it is in the
//! checkpoint of the present, and is made again from there.

use std::time::Duration;

use backout_core::config::{KubernetesService, WorkloadKind};
use backout_core::id::ServiceName;
use backout_core::inventory::Standing;
use backout_core::port::PortError;
use kube::api::DeleteParams;
use kube::core::DynamicObject;
use serde_json::Value;

use super::back::{Act, write};
use super::platform::KubernetesPlatform;
use super::view::resource;
use crate::cluster::{Kind, failed};
use crate::object::{annotation, name, number};

/// Our annotation on a workload that was stopped: how many pods it had, and the generation that stopping it made.
pub(super) const STOPPED: &str = "backout.dev/stopped";

/// What pods may take to be gone beside the time that they have to stop.
const BESIDE: Duration = Duration::from_secs(60);

/// Stops a workload, and waits until its pods have gone.
pub(super) async fn stop(
    platform: &KubernetesPlatform,
    service: &ServiceName,
    grace: Duration,
) -> Result<(), PortError> {
    let workload = platform.workload(service)?;
    if workload.kind == WorkloadKind::DaemonSet {
        delete(platform, workload).await?;
    } else {
        let scaled = |there: Option<&DynamicObject>| there.and_then(scaled_to_zero).map_or(Act::Nothing, Act::Replace);
        let kind = resource(workload.kind);
        if let Some(written) = write(platform, (kind, &workload.name), scaled).await? {
            platform.cluster.live(kind).await?.reflects(&written).await?;
        }
    }
    let gone = all_gone(platform, service, workload);
    match tokio::time::timeout(grace + BESIDE, gone).await {
        Ok(gone) => gone,
        Err(_) => {
            Err(PortError::new(format!("pods of `{service}` did not end within {} s", (grace + BESIDE).as_secs()))
                .hint("see why: `kubectl describe pods`; finalizers and nodes that are away keep pods"))
        }
    }
}

async fn delete(platform: &KubernetesPlatform, workload: &KubernetesService) -> Result<(), PortError> {
    let api = platform.cluster.api(resource(workload.kind)).await?;
    match api.delete(&workload.name, &DeleteParams::background()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(failed(&format!("{} could not be deleted", words(workload)), &error)),
        Ok(_) => Ok(()),
    }
}

/// Waits until no pod of a workload is there any more, those on their way out as well: they may still write. One that was
/// deleted is gone itself then.
async fn all_gone(
    platform: &KubernetesPlatform,
    service: &ServiceName,
    workload: &KubernetesService,
) -> Result<(), PortError> {
    let mut of_pods = platform.cluster.live(Kind::Pod).await?.changes();
    let mut of_workloads = platform.cluster.live(resource(workload.kind)).await?.changes();
    let last = platform.view(std::slice::from_ref(service)).await?.workload(workload).cloned();
    loop {
        // Not to see is not the same as to see nothing.
        if let Ok(view) = platform.view(std::slice::from_ref(service)).await {
            let now = view.workload(workload);
            let has_pods = now.or(last.as_ref()).is_some_and(|workload| view.all_pods_of(workload) > 0);
            let is_deleted = workload.kind != WorkloadKind::DaemonSet || now.is_none();
            if is_deleted && !has_pods {
                return Ok(());
            }
        }
        let changed = tokio::select! {
            changed = of_pods.changed() => changed,
            changed = of_workloads.changed() => changed,
        };
        if changed.is_err() {
            return Err(PortError::new(format!("pods of `{service}` are no longer watched")));
        }
    }
}

/// The workload scaled to zero; `None` where it is.
fn scaled_to_zero(there: &DynamicObject) -> Option<Box<DynamicObject>> {
    let replicas = number(&there.data, "/spec/replicas").unwrap_or(1);
    if replicas == 0 {
        return None;
    }
    let mut stopped = there.clone();
    let generation = there.metadata.generation.unwrap_or(0) + 1;
    let annotations = stopped.metadata.annotations.get_or_insert_default();
    annotations.insert(STOPPED.to_owned(), format!("{replicas} {generation}"));
    *stopped.data.pointer_mut("/spec/replicas")? = Value::from(0);
    Some(Box::new(stopped))
}

/// How many pods a workload had that we stopped, and that nobody has touched since.
pub(super) fn stopped_by_us(workload: &DynamicObject) -> Option<i64> {
    let (replicas, generation) = mark(workload)?;
    (number(&workload.data, "/spec/replicas") == Some(0) && workload.metadata.generation <= Some(generation))
        .then_some(replicas)
}

/// A workload that we stopped, that was deployed since, and that is still scaled to zero: whoever deployed it does not
/// expect that.
pub(super) fn left_stopped(workload: &DynamicObject) -> Option<Standing> {
    let (replicas, _) = mark(workload)?;
    let is_zero = number(&workload.data, "/spec/replicas") == Some(0);
    is_zero.then(|| {
        let name = name(workload);
        let what = format!("{name} was stopped by a rollback and is still scaled to zero (it had {replicas})");
        Standing { what, since: None }
    })
}

fn mark(workload: &DynamicObject) -> Option<(i64, i64)> {
    let (replicas, generation) = annotation(workload, STOPPED)?.split_once(' ')?;
    Some((replicas.parse().ok()?, generation.parse().ok()?))
}

fn words(workload: &KubernetesService) -> String {
    format!("{} `{}`", workload.kind.as_str(), workload.name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stopped_workload_bears_how_many_there_were_until_somebody_touches_it() {
        let workload: DynamicObject = serde_json::from_value(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "generation": 4}, "spec": {"replicas": 3}}))
        .unwrap();
        let mut stopped = *scaled_to_zero(&workload).unwrap();
        assert_eq!(number(&stopped.data, "/spec/replicas"), Some(0));
        stopped.metadata.generation = Some(5);
        assert_eq!(stopped_by_us(&stopped), Some(3));
        assert!(scaled_to_zero(&stopped).is_none(), "a second time changes nothing");
        stopped.metadata.generation = Some(6);
        assert_eq!(stopped_by_us(&stopped), None);
        assert!(left_stopped(&stopped).unwrap().what.contains("still scaled to zero"));
        assert_eq!(stopped_by_us(&workload), None);
    }
}
