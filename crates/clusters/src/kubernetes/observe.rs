//! Looking at workloads.

use backout_core::config::KubernetesService;
use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, Running, Seen};
use backout_core::port::PortError;
use jiff::Timestamp;
use serde_json::Value;

use super::platform::KubernetesPlatform;
use super::view::View;
use crate::cluster::unseen;
use crate::object::{list, name, text};
use crate::pods::{Family, Patience, images, instances, refused, trouble, unready};
use crate::workloads::{left_stopped, stopped_by_us};

/// A fact of each service, from one look.
pub(super) async fn observe(platform: &KubernetesPlatform, services: &[ServiceName]) -> Vec<Fact> {
    let view = platform.view(services).await;
    facts(platform, services, &view)
}

/// A fact of each service from what is known.
pub(super) fn facts(
    platform: &KubernetesPlatform,
    services: &[ServiceName],
    view: &Result<View, PortError>,
) -> Vec<Fact> {
    let now = platform.clock.now();
    let seen = |service: &ServiceName| match (view, platform.services.get(service)) {
        (Err(error), _) => Seen::Unknown { why: unseen(error) },
        (_, None) => Seen::Unknown { why: format!("`{service}` is no workload of this cluster's configuration") },
        (Ok(view), Some(workload)) => seen(platform, view, workload, now),
    };
    let fact = |service: &ServiceName| Fact {
        service: service.clone(),
        observed_at: now,
        seen: seen(service),
        files: std::collections::BTreeMap::new(),
    };
    services.iter().map(fact).collect()
}

/// | the workload                              | seen    |
/// |-------------------------------------------|---------|
/// | is not there                              | absent  |
/// | was stopped by us, and has no pods        | absent  |
/// | otherwise                                 | present |
fn seen(platform: &KubernetesPlatform, view: &View, service: &KubernetesService, now: Timestamp) -> Seen {
    let Some(family) = view.family(service) else { return Seen::Absent };
    let is_stopped = stopped_by_us(family.workload).is_some() && view.all_pods_of(family.workload) == 0;
    if is_stopped {
        return Seen::Absent;
    }
    let versions = platform.versions(view, service);
    let patience = Patience::of(&family, service.ready_within);
    Seen::Present(Running {
        label: words(&family),
        wanted: family.wanted(),
        instances: instances(&family, (now, patience), |member| versions.of(&family, member)),
        unready: unready(&family, patience),
        trouble: trouble(&family, now)
            .or_else(|| refused(&family, view.refusals()))
            .or_else(|| left_stopped(family.workload)),
        busy: None,
        next: None,
    })
}

/// What runs, for a person: the images of its pods, else those that it asks for.
pub(super) fn words(family: &Family<'_>) -> String {
    let of_pod = |member: &crate::pods::Member<'_>| {
        let names: Vec<&str> = list(&member.pod.data, "/spec/containers")
            .iter()
            .filter_map(|container| text(container, "/name"))
            .collect();
        let images = images(member.pod);
        let images = images.iter().filter(|image| names.contains(&image.container));
        images.map(|image| image.words()).collect::<Vec<_>>().join(" + ")
    };
    let mut all: Vec<String> = family.members.iter().map(of_pod).collect();
    if all.is_empty() {
        let template = family.workload.data.pointer("/spec/template").unwrap_or(&Value::Null);
        let asked = list(template, "/spec/containers").iter().filter_map(|container| text(container, "/image"));
        all.push(asked.collect::<Vec<_>>().join(" + "));
    }
    all.sort_unstable();
    all.dedup();
    if all.iter().all(String::is_empty) { name(family.workload).to_owned() } else { all.join(", ") }
}
