//! Stopping workloads without forgetting them.

use std::time::Duration;

use backout_core::config::WorkloadKind;
use backout_core::port::PortError;

use super::mark;
use super::objects::{Objects, Workloads, kinds};
use crate::cluster::Kind;
use crate::object::number;
use crate::patched::patched;
use crate::pods::{is_observed, pods_of};

/// What pods may take to be gone beside the time that they have to stop.
const BESIDE: Duration = Duration::from_secs(60);

/// The longest time between two looks: a status that follows its pods tells of itself in another watch.
const LOOK: Duration = Duration::from_millis(500);

/// Why some workloads cannot be stopped, if they cannot: nodes say how many pods a DaemonSet has.
pub(crate) fn cannot_stop(names: &[(WorkloadKind, String)]) -> Option<PortError> {
    let (_, name) = names.iter().find(|(kind, _)| *kind == WorkloadKind::DaemonSet)?;
    let what = format!("`daemonset/{name}` cannot be scaled to zero, and would write to the database meanwhile");
    Some(PortError::new(what).hint("take it away for the time of the rollback, or out of what is deployed together"))
}

impl Workloads<'_> {
    /// See [`cannot_stop`].
    pub(crate) fn cannot_stop(&self) -> Option<PortError> {
        cannot_stop(&self.names)
    }

    /// Scales them to zero, each with a mark of how many pods it had, and waits until no pod of them is left, those on their
    /// way out as well: they may still write.
    ///
    /// # Errors
    /// One cannot be scaled, or its pods do not end within `grace` and a minute.
    pub(crate) async fn stop(&self, grace: Duration) -> Result<(), PortError> {
        if let Some(error) = self.cannot_stop() {
            return Err(error);
        }
        let before = self.objects().await?;
        for (kind, name) in &self.names {
            if before.workload(*kind, name).is_none() {
                continue;
            }
            let [resource, _] = kinds(*kind);
            let what = format!("`{}/{name}` could not be scaled to zero", kind.as_str());
            let api = self.cluster.api(resource).await?;
            if let Some(written) = patched(&api, name, &what, mark::stop).await? {
                self.cluster.live(resource).await?.reflects(&written).await?;
            }
        }
        match tokio::time::timeout(grace + BESIDE, self.all_gone()).await {
            Ok(gone) => gone,
            Err(_) => Err(PortError::new(format!("pods did not end within {} s", (grace + BESIDE).as_secs()))
                .hint("see why: `kubectl describe pods`; finalizers and nodes that are away keep pods")),
        }
    }

    /// Whether none of them runs anything, by what is there.
    pub(crate) fn are_stopped(&self, objects: &Objects) -> bool {
        self.names.iter().filter_map(|(kind, name)| objects.workload(*kind, name)).all(|workload| {
            let count = |field: &str| number(&workload.data, field).unwrap_or(0);
            number(&workload.data, "/spec/replicas") == Some(0)
                && is_observed(workload)
                && count("/status/replicas") == 0
                && pods_of(workload, &objects.revisions, &objects.pods) == 0
        })
    }

    async fn all_gone(&self) -> Result<(), PortError> {
        let mut of_pods = self.cluster.live(Kind::Pod).await?.changes();
        loop {
            // Not to see is not the same as to see nothing.
            if self.objects().await.is_ok_and(|objects| self.are_stopped(&objects)) {
                return Ok(());
            }
            drop(tokio::time::timeout(LOOK, of_pods.changed()).await);
        }
    }
}
