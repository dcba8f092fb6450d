//! Watching a rollout arrive: no request is made for it.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::detect::TroubleWatch;
use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, Running, Seen};
use backout_core::port::PortError;
use kube::core::DynamicObject;

use super::canary::{is_done, waits};
use super::switch::clear;
use crate::cluster::Kind;
use crate::kubernetes::observe::facts;
use crate::kubernetes::platform::KubernetesPlatform;
use crate::kubernetes::view::View;

/// The longest time between two looks: trouble that lasts does not tell of itself again.
const LOOK: Duration = Duration::from_secs(1);

/// Waits until what runs of a service is as it shall be. The caller says how long that may take.
///
/// # Errors
/// What the platform says will not pass by itself, once it has lasted.
pub(super) async fn arrive(
    platform: &KubernetesPlatform,
    service: &ServiceName,
    is_there: &(dyn Fn(&Running) -> bool + Sync),
    in_the_way: &(dyn Fn(&View) -> Vec<DynamicObject> + Sync),
) -> Result<(), PortError> {
    let workload = platform.workload(service)?;
    let mut changes = platform.cluster.live(Kind::Pod).await?.changes();
    let mut trouble = TroubleWatch::default();
    let mut cleared = BTreeSet::new();
    loop {
        let view = platform.view(std::slice::from_ref(service)).await;
        if let Ok(view) = &view {
            for pod in in_the_way(view) {
                if cleared.insert(pod.metadata.uid.clone()) {
                    clear(platform, &pod).await?;
                }
            }
        }
        let look = facts(platform, std::slice::from_ref(service), &view);
        let family = view.as_ref().ok().and_then(|view| view.family(workload));
        let outcome = look.first().and_then(|fact| judge(is_there, fact, &mut trouble));
        match (outcome, family) {
            (Some(Ok(())), Some(family)) if !is_done(workload, &family) => {}
            (Some(outcome), _) => return outcome,
            (None, _) => {}
        }
        let there = view.as_ref().ok().and_then(|view| view.workload(workload));
        if let Some(waits) = there.and_then(|there| waits(workload, there)) {
            return Err(waits);
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = platform.clock.sleep(LOOK) => {}
        }
    }
}

/// What was written was seen there before: it does not come again by itself.
fn gone(service: &ServiceName) -> PortError {
    PortError::new(format!("`{service}` is gone: somebody deleted it, or its namespace"))
        .hint("see whether its namespace is there; then run `backout rollback`, which makes it again")
}

/// Whether it is over. A look that failed says nothing.
fn judge(
    is_there: &(dyn Fn(&Running) -> bool + Sync),
    fact: &Fact,
    trouble: &mut TroubleWatch,
) -> Option<Result<(), PortError>> {
    match &fact.seen {
        Seen::Present(running) if is_there(running) => Some(Ok(())),
        Seen::Present(_) => trouble.look(fact, fact.observed_at).map(|what| Err(PortError::new(what))),
        Seen::Absent => Some(Err(gone(&fact.service))),
        Seen::Unknown { .. } => None,
    }
}
