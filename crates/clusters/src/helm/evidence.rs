//! What is kept of a release that went bad: its history, values, manifest and hooks, and the logs and events of its pods.
//!
//! Contract: values whose name sounds secret and the content of Secrets are left out; logs may hold anything, and all of it is
//! kept encrypted.

use std::collections::BTreeSet;

use backout_core::id::ServiceName;
use backout_core::port::{Evidence, PortError};
use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, LogParams};
use kube::core::DynamicObject;

use super::platform::HelmPlatform;
use super::record::{History, Record, manifest_without_secrets, values_without_secrets};
use super::release::{Known, Objects, Release};
use crate::cluster::{Kind, failed};
use crate::object::{list, name, text};
use crate::pods::Family;

/// How many of the last lines of a log are kept.
const LINES: i64 = 500;

/// Collects what there is to know of a release.
pub(super) async fn evidence(platform: &HelmPlatform, service: &ServiceName) -> Vec<Evidence> {
    let collected = async {
        let release = platform.release(service)?;
        let history = release.history().await?;
        let mut all = of_history(release, &history);
        if let Some(known) = release.newest().await? {
            all.extend(of_pods(release, &known).await?);
        }
        Ok::<_, PortError>(all)
    };
    collected.await.unwrap_or_else(|error| vec![missing(&format!("{service}.evidence"), &error)])
}

fn of_history(release: &Release, history: &History) -> Vec<Evidence> {
    let line = |record: &Record| {
        let began = record.began_at().map_or_else(String::new, |at| at.to_string());
        format!("{began} {}, {}: {}\n", record.words(), record.status(), record.description())
    };
    let file = |kind: &str, content: String| Evidence {
        name: format!("{}.{kind}", release.name()),
        content: content.into_bytes(),
    };
    let mut all = vec![file("history.txt", history.backwards().map(line).collect())];
    if let Some(newest) = history.newest() {
        let hook = |hook: &super::record::Hook| format!("{}: {}\n", hook.what, hook.events.join(", "));
        all.push(file("values.json", format!("{:#}\n", values_without_secrets(newest.values()))));
        all.push(file("manifest.yaml", manifest_without_secrets(newest.manifest())));
        all.push(file("hooks.txt", newest.hooks().iter().map(hook).collect()));
    }
    all
}

async fn of_pods(release: &Release, known: &Known) -> Result<Vec<Evidence>, PortError> {
    let objects = release.objects(&known.manifest).await?;
    let families = families(known, &objects);
    let namespace = release.cluster.namespace().await?;
    let pods: Api<Pod> = Api::namespaced(release.cluster.client().await?, namespace);
    let containers = families.iter().flat_map(|family| &family.members).flat_map(|member| containers(member.pod));
    let logs = join_all(containers.map(|container| log(&pods, container))).await;
    let mut names: BTreeSet<&str> = families.iter().map(|family| name(family.workload)).collect();
    for member in families.iter().flat_map(|family| &family.members) {
        names.extend([Some(member.pod), member.revision].into_iter().flatten().map(name));
    }
    let states = families.iter().flat_map(|family| &family.members).map(|member| state(member.pod));
    let events = events(release, &names).await;
    Ok(logs.into_iter().flatten().chain(states).chain([events]).collect())
}

fn families<'a>(known: &'a Known, objects: &'a Objects) -> Vec<Family<'a>> {
    let workloads = known.manifest.workloads.iter();
    let there = workloads.filter_map(|workload| objects.workload(workload.kind, &workload.name));
    there.map(|workload| Family::of(workload, &objects.revisions, &objects.pods)).collect()
}

/// A container of a pod, and whether one before it has ended.
struct Container<'a> {
    pod: &'a str,
    name: &'a str,
    was_restarted: bool,
}

fn containers(pod: &DynamicObject) -> Vec<Container<'_>> {
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"].map(|kind| list(&pod.data, kind));
    let container = |status| {
        let was_restarted = text(status, "/lastState/terminated/containerID").is_some()
            || status.pointer("/restartCount").and_then(serde_json::Value::as_i64).is_some_and(|count| count > 0);
        Some(Container { pod: name(pod), name: text(status, "/name")?, was_restarted })
    };
    statuses.into_iter().flatten().filter_map(container).collect()
}

async fn log(pods: &Api<Pod>, container: Container<'_>) -> Vec<Evidence> {
    let Container { pod, name, was_restarted } = container;
    let wanted =
        [(false, "log"), (true, "previous.log")].into_iter().filter(|(previous, _)| was_restarted || !previous);
    let read = |(previous, kind): (bool, &'static str)| async move {
        let file = format!("{pod}.{name}.{kind}");
        let params = LogParams {
            container: Some(name.to_owned()),
            previous,
            tail_lines: Some(LINES),
            timestamps: true,
            ..LogParams::default()
        };
        match pods.logs(pod, &params).await {
            Ok(content) => Evidence { name: file, content: content.into_bytes() },
            Err(error) => missing(&file, &failed("the log could not be read", &error)),
        }
    };
    join_all(wanted.map(read)).await
}

fn state(pod: &DynamicObject) -> Evidence {
    let status = pod.data.get("status").cloned().unwrap_or_default();
    Evidence { name: format!("{}.status.json", name(pod)), content: format!("{status:#}\n").into_bytes() }
}

/// The events of some objects, one a line.
async fn events(release: &Release, names: &BTreeSet<&str>) -> Evidence {
    let file = format!("{}.events.txt", release.name());
    let listed = async {
        let listed = release.cluster.api(Kind::Event).await?.list(&ListParams::default()).await;
        listed.map_err(|error| failed("events could not be listed", &error))
    };
    let listed = match listed.await {
        Ok(listed) => listed.items,
        Err(error) => return missing(&file, &error),
    };
    let line = |event: &DynamicObject| {
        let part = |pointer| text(&event.data, pointer).unwrap_or_default();
        let at = if part("/lastTimestamp").is_empty() { part("/eventTime") } else { part("/lastTimestamp") };
        let (kind, object) = (part("/involvedObject/kind"), part("/involvedObject/name"));
        format!("{at} {} {kind}/{object} {}: {}\n", part("/type"), part("/reason"), part("/message"))
    };
    let is_own =
        |event: &&DynamicObject| text(&event.data, "/involvedObject/name").is_some_and(|object| names.contains(object));
    let mut lines: Vec<String> = listed.iter().filter(is_own).map(line).collect();
    lines.sort_unstable();
    Evidence { name: file, content: lines.concat().into_bytes() }
}

fn missing(name: &str, error: &PortError) -> Evidence {
    Evidence { name: name.to_owned(), content: format!("could not be had: {error}\n").into_bytes() }
}
