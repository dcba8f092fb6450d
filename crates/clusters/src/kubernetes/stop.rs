//! Stopping a workload that should not run, without forgetting it.
//!
//! It is scaled to zero and bears how many there were; nothing is deleted, because a StatefulSet may take its volumes with
//! it, and a later step may need the workload again. Only a DaemonSet, which cannot be scaled, is deleted: it is in the
//! checkpoint of the present, and is made again from there.

use std::time::Duration;

use backout_core::config::{KubernetesService, WorkloadKind};
use backout_core::id::ServiceName;
use backout_core::port::PortError;
use kube::api::DeleteParams;
use kube::core::DynamicObject;
use serde_json::Value;

use super::back::{Act, write};
use super::platform::KubernetesPlatform;
use super::view::resource;
use crate::cluster::{Kind, failed};
use crate::workloads::{STOPPED, mark_of};

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
    let mark = mark_of(there)?;
    let mut stopped = there.clone();
    stopped.metadata.annotations.get_or_insert_default().insert(STOPPED.to_owned(), mark);
    *stopped.data.pointer_mut("/spec/replicas")? = Value::from(0);
    Some(Box::new(stopped))
}

fn words(workload: &KubernetesService) -> String {
    format!("{} `{}`", workload.kind.as_str(), workload.name)
}
