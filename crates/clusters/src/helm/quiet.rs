//! A release that is quiet while a database goes back: its workloads are at zero, and everything else of it is as it was.
//!
//! Contract: Helm does not learn of it. The workloads bear a mark ([`crate::workloads`]), by which they are found and brought
//! back: after `helm` has gone back those of which the chart does not say how many pods they have, else all of them.

use std::time::Duration;

use backout_core::port::PortError;
use kube::core::DynamicObject;

use super::record::{History, Manifest, Status, Workload};
use super::release::Release;
use super::switch::ended;
use crate::object::name;
use crate::workloads::{Workloads, is_touched};

/// What has changed how many pods workloads shall have since they were stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// `helm` has put a revision in place.
    Helm,
    /// Nobody, but for workloads that show it themselves: `helm` may have been at it when we were killed.
    Unknown,
}

/// Scales the workloads of a release to zero, and waits until their pods have gone.
///
/// # Errors
/// One cannot be scaled to zero: it is a DaemonSet, is in another namespace, or its pods do not end.
pub(super) async fn quiet(release: &Release, grace: Duration) -> Result<(), PortError> {
    let (history, _) = ended(release).await?;
    let stopped = stoppable(release, &history).await?.stop(grace).await;
    stopped.map_err(|error| not_quiet(release, error))
}

/// Whether all workloads of a release can be scaled to zero, by what they are.
///
/// # Errors
/// One cannot: it is a DaemonSet, or is in another namespace.
pub(super) async fn may_quiet(release: &Release) -> Result<(), PortError> {
    let history = release.history().await?;
    match stoppable(release, &history).await?.cannot_stop() {
        Some(error) => Err(not_quiet(release, error)),
        None => Ok(()),
    }
}

fn not_quiet(release: &Release, error: PortError) -> PortError {
    PortError { what: format!("release `{}` is not quiet: {}", release.name(), error.what), ..error }
}

/// The workloads of a release, where all of them are in its own namespace.
async fn stoppable<'a>(release: &'a Release, history: &History) -> Result<Workloads<'a>, PortError> {
    let namespace = release.cluster.namespace().await?;
    let manifests = manifests(history);
    let mut all = manifests.iter().flat_map(|manifest| &manifest.workloads);
    match all.find(|workload| !is_in(namespace, workload)) {
        None => Ok(workloads(release, &manifests, namespace)),
        Some(elsewhere) => {
            let (what, its) = (elsewhere.words(), elsewhere.namespace.as_deref().unwrap_or_default());
            let name = release.name();
            let what = format!("`{what}` of release `{name}` is in namespace `{its}`, and would write to the database");
            Err(PortError::new(what).hint("scale it to zero before you go back, and scale it back after"))
        }
    }
}

/// Whether a workload of a release bears the mark of having been stopped.
pub(super) async fn is_quiet(release: &Release, history: &History) -> Result<bool, PortError> {
    let workloads = workloads(release, &manifests(history), release.cluster.namespace().await?);
    Ok(workloads.is_one_marked(&workloads.objects().await?))
}

/// Has the workloads of a release run again that were stopped for a while; says whether pods are to come by that.
pub(super) async fn wake(release: &Release, history: &History, since: Since) -> Result<bool, PortError> {
    let manifests = manifests(history);
    let is_said = |there: &DynamicObject| {
        let kind = there.types.as_ref().map(|types| types.kind.to_lowercase()).unwrap_or_default();
        let is_it = |workload: &&Workload| workload.kind.as_str() == kind && workload.name == name(there);
        let by_chart = manifests.first().and_then(|newest| newest.workloads.iter().find(is_it));
        (since == Since::Helm || is_touched(there)) && by_chart.is_some_and(Workload::says_replicas)
    };
    workloads(release, &manifests, release.cluster.namespace().await?).wake(is_said).await
}

/// What the release may have in the cluster: what its newest revision rendered, and, where that was not put in place whole,
/// what the one before it did that was.
fn manifests(history: &History) -> Vec<Manifest> {
    let Some(newest) = history.newest().filter(|newest| newest.status() != Status::Uninstalled) else {
        return Vec::new();
    };
    let older = history.backwards().find(|record| record.status() == Status::Deployed);
    let older = older.filter(|older| older.revision() != newest.revision());
    [Some(newest), older].into_iter().flatten().map(|record| Manifest::read(record.manifest())).collect()
}

fn workloads<'a>(release: &'a Release, manifests: &[Manifest], namespace: &str) -> Workloads<'a> {
    let mut names = Vec::new();
    for workload in manifests.iter().flat_map(|manifest| &manifest.workloads).filter(|it| is_in(namespace, it)) {
        let key = (workload.kind, workload.name.clone());
        if !names.contains(&key) {
            names.push(key);
        }
    }
    Workloads::new(&release.cluster, names)
}

fn is_in(namespace: &str, workload: &Workload) -> bool {
    workload.namespace.as_deref().is_none_or(|own| own == namespace)
}
