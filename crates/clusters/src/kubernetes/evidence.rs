//! What pods write, and what is kept of those that went bad, before they are replaced: logs, events, state, manifests.

use backout_core::config::KubernetesService;
use backout_core::id::ServiceName;
use backout_core::port::{Evidence, LogSink, LogSpan, PortError};
use futures_util::future::join;
use kube::api::ListParams;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::describe::describe;
use super::platform::KubernetesPlatform;
use super::view::View;
use crate::cluster::{Kind, failed};
use crate::object::{name, text};
use crate::pods::Family;
use crate::workloads::{self, missing};

/// Collects logs, events, state and manifests of a workload. Secrets are not read for it.
pub(super) async fn evidence(platform: &KubernetesPlatform, service: &ServiceName) -> Vec<Evidence> {
    match collect(platform, service).await {
        Ok(evidence) => evidence,
        Err(error) => vec![missing(&format!("{service}.evidence"), &error)],
    }
}

/// Hands over what the containers of a workload's pods have written, one container after the other.
pub(super) async fn output(
    platform: &KubernetesPlatform,
    service: &ServiceName,
    span: LogSpan,
    sink: LogSink<'_>,
) -> Result<(), PortError> {
    let workload = platform.workload(service)?;
    let view = platform.view(std::slice::from_ref(service)).await?;
    let members = view.family(workload).map(|family| family.members).unwrap_or_default();
    workloads::output(&platform.cluster, &members, span, sink).await
}

async fn collect(platform: &KubernetesPlatform, service: &ServiceName) -> Result<Vec<Evidence>, PortError> {
    let workload = platform.workload(service)?;
    let view = platform.view(std::slice::from_ref(service)).await?;
    let Some(family) = view.family(workload) else {
        return Ok(vec![missing(&format!("{service}.evidence"), &PortError::new("there is no such workload"))]);
    };
    let now = platform.clock.now();
    let logs = workloads::logs(&platform.cluster, &family.members, now);
    let (mut all, events) = join(logs, events(platform, &family)).await;
    let described = match &events {
        Ok(events) => describe(&family, events, now),
        Err(error) => format!("{}\nthe events could not be had: {error}\n", describe(&family, &[], now)),
    };
    all.push(Evidence { name: format!("{service}.describe.txt"), content: described.into_bytes() });
    all.extend(events.ok().map(|events| json_lines(&format!("{service}.events.jsonl"), &events)));
    all.push(manifests(service, workload, &view, &family));
    Ok(all)
}

/// The events of a workload, its revisions and its pods, oldest first.
async fn events(platform: &KubernetesPlatform, family: &Family<'_>) -> Result<Vec<DynamicObject>, PortError> {
    let api = platform.cluster.api(Kind::Event).await?;
    let all = api.list(&ListParams::default()).await;
    let all = all.map_err(|error| failed("the events could not be listed", &error))?;
    let own = family.members.iter().flat_map(|member| [Some(member.pod), member.revision]).flatten();
    let own = own.chain([family.workload]).chain(family.current);
    let uids: Vec<&str> = own.filter_map(|object| object.metadata.uid.as_deref()).collect();
    let is_own =
        |event: &DynamicObject| text(&event.data, "/involvedObject/uid").is_some_and(|uid| uids.contains(&uid));
    let mut events: Vec<DynamicObject> = all.items.into_iter().filter(is_own).collect();
    events.sort_by_key(|event| text(&event.data, "/lastTimestamp").map(str::to_owned));
    Ok(events)
}

/// The workload, its revisions, its pods, and the ConfigMaps that go back with it.
fn manifests(service: &ServiceName, workload: &KubernetesService, view: &View, family: &Family<'_>) -> Evidence {
    let template = family.workload.data.pointer("/spec/template").unwrap_or(&Value::Null);
    let references = super::configuration::references(template);
    let keep = backout_core::config::SecretsPolicy::Keep;
    let maps = view.going_back(&references, keep).map(|(_, object)| object);
    let mut revisions: Vec<&DynamicObject> = family.members.iter().filter_map(|member| member.revision).collect();
    revisions.extend(family.current);
    revisions.sort_by_key(|revision| name(revision));
    revisions.dedup_by_key(|revision| name(revision));
    let pods = family.members.iter().map(|member| member.pod);
    let all: Vec<DynamicObject> = std::iter::once(family.workload)
        .chain(revisions)
        .chain(pods)
        .chain(maps)
        .map(|object| {
            let mut object = object.clone();
            object.metadata.managed_fields = None;
            object
        })
        .collect();
    let content = json!({"apiVersion": "v1", "kind": "List", "items": all});
    Evidence {
        name: format!("{service}.{}.json", workload.kind.as_str()),
        content: format!("{content:#}\n").into_bytes(),
    }
}

fn json_lines(name: &str, objects: &[DynamicObject]) -> Evidence {
    let lines: String = objects.iter().map(|object| format!("{}\n", json!(object))).collect();
    Evidence { name: name.to_owned(), content: lines.into_bytes() }
}
