//! What pods write, and what is kept of those that went bad, before they are replaced: logs, events, state, manifests.

use backout_core::config::KubernetesService;
use backout_core::id::ServiceName;
use backout_core::port::{Evidence, LogSink, LogSpan, PortError};
use futures_util::future::{join, join_all};
use kube::api::{ListParams, LogParams};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::describe::describe;
use super::platform::KubernetesPlatform;
use super::view::View;
use crate::cluster::{Kind, failed};
use crate::object::{list, name, number, text};
use crate::pods::{Family, Member, Patience, instance};

/// How many of the last lines of a log are kept.
const LINES: i64 = 500;
/// How much of one container's log is read to look for lines, in bytes.
const MOST_BYTES: i64 = 64 * 1024 * 1024;
/// Of how many pods, those that are not well first.
const PODS: usize = 10;

/// Collects logs, events, state and manifests of a workload. Secrets are not read for it.
pub(super) async fn evidence(platform: &KubernetesPlatform, service: &ServiceName) -> Vec<Evidence> {
    match collect(platform, service).await {
        Ok(evidence) => evidence,
        Err(error) => vec![missing(&format!("{service}.evidence"), &error.to_string())],
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
    for member in members {
        for status in list(&member.pod.data, "/status/containerStatuses") {
            // What waits for its image has written nothing.
            if status.pointer("/state/waiting").is_some() {
                continue;
            }
            let parameters = LogParams {
                container: text(status, "/name").map(str::to_owned),
                since_time: Some(span.since),
                tail_lines: span.at_most.map(i64::from),
                limit_bytes: Some(MOST_BYTES),
                ..LogParams::default()
            };
            sink(fetch(platform, member.pod, &parameters).await?.as_bytes());
            sink(b"\n");
        }
    }
    Ok(())
}

async fn collect(platform: &KubernetesPlatform, service: &ServiceName) -> Result<Vec<Evidence>, PortError> {
    let workload = platform.workload(service)?;
    let view = platform.view(std::slice::from_ref(service)).await?;
    let Some(family) = view.family(workload) else {
        return Ok(vec![missing(&format!("{service}.evidence"), "there is no such workload")]);
    };
    let members = worst_first(platform, &family);
    let logs = join_all(members.iter().take(PODS).map(|member| logs(platform, member.pod)));
    let (logs, events) = join(logs, events(platform, &family)).await;
    let now = platform.clock.now();
    let described = match &events {
        Ok(events) => describe(&family, events, now),
        Err(error) => format!("{}\nthe events could not be had: {error}\n", describe(&family, &[], now)),
    };
    let mut all: Vec<Evidence> = logs.into_iter().flatten().collect();
    all.push(Evidence { name: format!("{service}.describe.txt"), content: described.into_bytes() });
    all.extend(events.ok().map(|events| json_lines(&format!("{service}.events.jsonl"), &events)));
    all.push(manifests(service, workload, &view, &family));
    Ok(all)
}

/// The pods, those that are not well first.
fn worst_first<'a>(platform: &KubernetesPlatform, family: &Family<'a>) -> Vec<Member<'a>> {
    let now = platform.clock.now();
    let is_well = |member: &Member<'_>| {
        let version = backout_core::inventory::Version { code: String::new(), spec: String::new() };
        instance(member.pod, (now, Patience::default()), version).is_well()
    };
    let mut members = family.members.clone();
    members.sort_by_key(is_well);
    members
}

/// The logs of a pod's containers, and of their last run where they were started again.
async fn logs(platform: &KubernetesPlatform, pod: &DynamicObject) -> Vec<Evidence> {
    let of = |status: &Value| {
        let container = text(status, "/name").unwrap_or_default().to_owned();
        let has_run = status.pointer("/state/waiting").is_none() || number(status, "/restartCount").unwrap_or(0) > 0;
        let was_restarted = status.pointer("/lastState/terminated").is_some();
        let runs = [(has_run, false), (was_restarted, true)];
        runs.into_iter().filter(|(there, _)| *there).map(move |(_, previous)| (container.clone(), previous))
    };
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let runs = statuses.iter().flat_map(|statuses| list(&pod.data, statuses)).flat_map(of);
    join_all(runs.map(|(container, previous)| log(platform, pod, container, previous))).await
}

async fn log(platform: &KubernetesPlatform, pod: &DynamicObject, container: String, previous: bool) -> Evidence {
    let suffix = if previous { ".previous" } else { "" };
    let file = format!("{}.{container}{suffix}.log", name(pod));
    let parameters = LogParams {
        container: Some(container),
        previous,
        tail_lines: Some(LINES),
        timestamps: true,
        ..LogParams::default()
    };
    match fetch(platform, pod, &parameters).await {
        Ok(content) => Evidence { name: file, content: content.into_bytes() },
        Err(error) => missing(&file, &error.to_string()),
    }
}

async fn fetch(
    platform: &KubernetesPlatform,
    pod: &DynamicObject,
    parameters: &LogParams,
) -> Result<String, PortError> {
    let client = platform.cluster.client().await?;
    let namespace = platform.cluster.namespace().await?;
    let pods: kube::Api<k8s_openapi::api::core::v1::Pod> = kube::Api::namespaced(client, namespace);
    let log = pods.logs(name(pod), parameters).await;
    log.map_err(|error| failed(&format!("the log of `{}` could not be read", name(pod)), &error))
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

fn missing(name: &str, why: &str) -> Evidence {
    Evidence { name: name.to_owned(), content: format!("could not be had: {why}\n").into_bytes() }
}
