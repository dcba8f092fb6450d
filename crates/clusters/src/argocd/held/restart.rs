//! Having the pods of an Application made anew, as the action `restart` of Argo CD does: it is no part of what is compared with
//! the repository, so auto-sync leaves it alone.

use std::sync::Arc;

use backout_core::config::ArgocdService;
use backout_core::port::{Clock, PortError};

use super::workloads::{is_in_cluster, workloads};
use crate::argocd::Application;
use crate::cluster::{Cluster, Kind, failed, is_momentary, patiently};

/// Has all pods of an Application made anew from the same templates, and waits until they have been.
///
/// # Errors
/// It is being synced, is on another cluster or has no workloads; or one of them cannot be started anew.
pub(in crate::argocd) async fn restart(
    cluster: &Arc<Cluster>,
    service: &ArgocdService,
    clock: &dyn Clock,
) -> Result<(), PortError> {
    let name = &service.application;
    let api = cluster.api(Kind::Application).await?;
    let object = patiently(is_momentary, || api.get(name)).await;
    let object = object.map_err(|error| failed(&format!("Application `{name}` could not be read"), &error))?;
    is_in_cluster(&object)?;
    if Application::of(&object).is_busy() {
        return Err(PortError::new(format!("Application `{name}` is just being synced, and was not started anew"))
            .hint("wait until the sync has ended: `backout status`"));
    }
    let all = workloads(&object);
    if all.is_empty() {
        return Err(PortError::new(format!("Argo CD tells of no workloads of Application `{name}`"))
            .hint("sync it, or go back: `backout rollback`"));
    }
    crate::workloads::restart(cluster, all, clock).await
}
