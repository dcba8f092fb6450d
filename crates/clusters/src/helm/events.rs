//! What happens to releases, told as it happens: whenever an object moves, the services are looked at again, and those that
//! look different are told of.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, Seen};
use backout_core::port::{EventSink, PlatformEvent, PortError};
use futures_util::future::{join_all, select_all};
use tokio::sync::watch;
use tokio::time::sleep;

use super::platform::HelmPlatform;
use crate::cluster::Kind;
use crate::workloads::kinds;

/// How long changes are gathered: a rollout moves many objects at once.
const GATHER: Duration = Duration::from_millis(20);

/// How long to wait before an API server that cannot be watched is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Sends events until dropped.
pub(super) async fn events(platform: &HelmPlatform, sink: EventSink) {
    let mut before: Option<Vec<Fact>> = None;
    let mut was_lost = false;
    loop {
        // Asked for before the look, so that nothing moves unseen in between.
        let changes = changes(platform).await.unwrap_or_default();
        let now = look(platform).await;
        let lost = now.iter().find_map(|fact| match &fact.seen {
            Seen::Unknown { why } => Some(why.clone()),
            _ => None,
        });
        match (&lost, was_lost) {
            (Some(why), false) => sink(PlatformEvent::Lost { why: why.clone() }),
            (None, true) => sink(PlatformEvent::Lost { why: "the cluster is seen again".to_owned() }),
            _ => moved(before.as_deref().unwrap_or(&now), &now).into_iter().for_each(&sink),
        }
        was_lost = lost.is_some();
        before = Some(now);
        wait(changes).await;
        sleep(GATHER).await;
    }
}

async fn look(platform: &HelmPlatform) -> Vec<Fact> {
    join_all(platform.services().map(|(service, _)| platform.fact(service))).await
}

/// Receivers of every kind that the releases show in.
async fn changes(platform: &HelmPlatform) -> Result<Vec<watch::Receiver<u64>>, PortError> {
    let Some((_, first)) = platform.services().next() else { return Ok(Vec::new()) };
    let mut wanted = BTreeSet::from([Kind::HelmRecord, Kind::Pod]);
    for (_, release) in platform.services() {
        if let Ok(Some(known)) = release.newest().await {
            wanted.extend(known.manifest.workloads.iter().flat_map(|workload| kinds(workload.kind)));
        }
    }
    let mut changes = Vec::new();
    for kind in wanted {
        changes.push(first.cluster.live(kind).await?.changes());
    }
    Ok(changes)
}

async fn wait(mut changes: Vec<watch::Receiver<u64>>) {
    if changes.is_empty() {
        return sleep(PAUSE).await;
    }
    let changed = changes.iter_mut().map(|changes| Box::pin(changes.changed()));
    // A sender that is gone has nothing to tell: not to spin on it, the next look is a pause away.
    if select_all(changed).await.0.is_err() {
        sleep(PAUSE).await;
    }
}

fn moved(before: &[Fact], now: &[Fact]) -> Vec<PlatformEvent> {
    let event = |now: &Fact| {
        let was = before.iter().find(|was| was.service == now.service);
        let words = words(was, now)?;
        Some(PlatformEvent::Moved { service: ServiceName::clone(&now.service), at: now.observed_at, what: words })
    };
    now.iter().filter_map(event).collect()
}

/// What moved, in words; `None` where nothing did.
fn words(was: Option<&Fact>, now: &Fact) -> Option<String> {
    let Some(running) = now.running() else {
        return was.is_some_and(|was| was.seen != now.seen).then(|| "the release is gone".to_owned());
    };
    let Some(before) = was.and_then(Fact::running) else {
        return Some(format!("the release is there: {}", running.label));
    };
    if *before == *running {
        return None;
    }
    if before.label != running.label {
        return Some(format!("the release is {}", running.label));
    }
    if let Some(trouble) = running.trouble.as_ref().filter(|trouble| before.trouble.as_ref() != Some(*trouble)) {
        return Some(trouble.what.clone());
    }
    let is_new = |name: &str| before.instances.iter().all(|instance| instance.name != name);
    let changed = running.instances.iter().find(|instance| !before.instances.contains(instance));
    Some(match changed {
        Some(instance) if is_new(&instance.name) => format!("pod {} was made", instance.name),
        Some(instance) => format!("pod {} moved", instance.name),
        None => "a pod went".to_owned(),
    })
}
