//! Having stopped workloads run again.

use std::time::Duration;

use backout_core::inventory::InstanceState;
use backout_core::port::{Clock, PortError};
use kube::core::DynamicObject;
use tokio::time::{Instant, sleep};

use super::mark::{self, is_marked};
use super::objects::{Objects, Workloads, kinds};
use crate::object::number;
use crate::patched::patched;
use crate::pods::{Family, pod_state, refused, trouble};

/// How long pods may be in trouble before they are no longer waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the pods are looked at. It costs no request.
const LOOK: Duration = Duration::from_millis(200);

impl Workloads<'_> {
    /// Gives those that were stopped by us as many pods as they had, unless whoever deploys them has said how many, and takes
    /// the mark away. Says whether pods are to come by that.
    ///
    /// # Errors
    /// One cannot be read or written.
    pub(crate) async fn wake(&self, is_said: impl Fn(&DynamicObject) -> bool) -> Result<bool, PortError> {
        let before = self.objects().await?;
        let mut are_to_come = false;
        for (kind, name) in &self.names {
            if !before.workload(*kind, name).is_some_and(|workload| is_marked(workload)) {
                continue;
            }
            let [resource, _] = kinds(*kind);
            let what = format!("`{}/{name}` could not be scaled back", kind.as_str());
            let api = self.cluster.api(resource).await?;
            let written =
                patched(&api, name, &what, |there, version| mark::wake(there, version, is_said(there))).await?;
            if let Some(written) = written {
                are_to_come |= number(&written.data, "/spec/replicas") != Some(0);
                self.cluster.live(resource).await?.reflects(&written).await?;
            }
        }
        Ok(are_to_come)
    }

    /// Whether one of them bears the mark of being stopped, by what is there.
    pub(crate) fn is_one_marked(&self, objects: &Objects) -> bool {
        let mut there = self.names.iter().filter_map(|(kind, name)| objects.workload(*kind, name));
        there.any(|workload| is_marked(workload))
    }

    /// Waits until as many pods of each run as shall.
    ///
    /// # Errors
    /// What keeps them from it, once it has lasted; or they take longer than that.
    pub(crate) async fn until_running(&self, within: Duration, clock: &dyn Clock) -> Result<(), PortError> {
        match tokio::time::timeout(within, self.run(clock)).await {
            Ok(ended) => ended,
            Err(_) => Err(PortError::new(format!("its pods did not run within {} s", within.as_secs()))),
        }
    }

    async fn run(&self, clock: &dyn Clock) -> Result<(), PortError> {
        let mut since: Option<Instant> = None;
        loop {
            // A look that fails says nothing.
            if let Ok(objects) = self.objects().await {
                let families = self.families(&objects);
                if families.iter().all(runs) {
                    return Ok(());
                }
                let found = |family| trouble(family, clock.now()).or_else(|| refused(family, &objects.refusals));
                match families.iter().find_map(found) {
                    Some(trouble) if since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE => {
                        return Err(PortError::new(format!("its pods do not run: {}", trouble.what)));
                    }
                    Some(_) => {}
                    None => since = None,
                }
            }
            sleep(LOOK).await;
        }
    }
}

fn runs(family: &Family<'_>) -> bool {
    let running = family.members.iter().filter(|member| pod_state(member.pod) == InstanceState::Running);
    running.count() >= family.wanted() as usize
}
