//! Telling of changes as the watches tell of them.

use std::collections::BTreeMap;

use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, Seen};
use backout_core::plan::explain;
use backout_core::port::{EventSink, PlatformEvent, PortError};
use futures_util::future::select_all;
use tokio::sync::watch;

use super::observe::facts;
use super::platform::KubernetesPlatform;
use super::view::{resource, revision_resource};
use crate::cluster::Kind;

/// Sends an event whenever the workload or a pod of a service is not as it was, until dropped.
pub(super) async fn events(platform: &KubernetesPlatform, sink: EventSink) {
    let services: Vec<ServiceName> = platform.services.keys().cloned().collect();
    let mut changes = loop {
        match watched(platform).await {
            Ok(changes) => break changes,
            Err(error) => sink(PlatformEvent::Lost { why: error.to_string() }),
        }
        platform.clock.sleep(std::time::Duration::from_secs(1)).await;
    };
    let mut told: BTreeMap<ServiceName, Seen> = BTreeMap::new();
    let mut is_lost = false;
    loop {
        let view = platform.view(&services).await;
        match &view {
            Err(error) if !is_lost => sink(PlatformEvent::Lost { why: error.to_string() }),
            Ok(_) if is_lost => {
                let why = "the cluster is watched again after an interruption".to_owned();
                sink(PlatformEvent::Lost { why });
            }
            _ => {}
        }
        is_lost = view.is_err();
        if !is_lost {
            facts(platform, &services, &view).into_iter().filter_map(|fact| moved(&mut told, fact)).for_each(&sink);
        }
        let next = select_all(changes.iter_mut().map(|change| Box::pin(change.changed())));
        if next.await.0.is_err() {
            // The watches end with the cluster: nothing will be told any more.
            std::future::pending::<()>().await;
        }
    }
}

/// The event of a service that is not as it was last told; none the first time, because nothing has happened then.
fn moved(told: &mut BTreeMap<ServiceName, Seen>, fact: Fact) -> Option<PlatformEvent> {
    let what = explain::fact(&fact);
    let before = told.insert(fact.service.clone(), fact.seen.clone())?;
    let event = PlatformEvent::Moved { service: fact.service, at: fact.observed_at, what };
    (before != fact.seen).then_some(event)
}

/// The watches that a change of any service comes from.
async fn watched(platform: &KubernetesPlatform) -> Result<Vec<watch::Receiver<u64>>, PortError> {
    let kinds = platform
        .services
        .values()
        .flat_map(|service| [resource(service.kind), revision_resource(service.kind), Kind::Pod, Kind::ConfigMap]);
    let kinds: std::collections::BTreeSet<Kind> = kinds.collect();
    let mut changes = Vec::new();
    for kind in kinds {
        changes.push(platform.cluster.live(kind).await?.changes());
    }
    Ok(changes)
}
