//! One look at a pod.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, Run, after, object, record_event};
use crate::controllers::pod::container::{self, Look};
use crate::controllers::pod::{configuration, launch, status};
use crate::script::{Behaviour, milliseconds};

/// The containers of a pod as they are looked at: the container of the spec and what is to be said of it.
pub(crate) type Looks = Vec<(Value, Look)>;

/// Starts the pod if it is new and can be, and writes how its containers are.
pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, mut pod: Value, now: Timestamp) -> Option<Timestamp> {
    if ["Succeeded", "Failed"].contains(&object::text(&pod, "/status/phase")) {
        return None;
    }
    if object::text(&pod, "/spec/nodeName").is_empty() {
        object::set(&mut pod, &["spec", "nodeName"], json!("node-1"));
    }
    let blocked = blocked(cluster, &pod);
    if blocked.is_empty() && !cluster.runs.contains_key(object::uid(&pod)) {
        let run = start(cluster, &pod, now);
        cluster.runs.insert(object::uid(&pod).to_owned(), run);
    }
    let run = cluster.runs.get(object::uid(&pod)).cloned();
    let (first, main) = looks(cluster, &pod, run.as_ref(), (&blocked, now));
    let due = first.iter().chain(&main).filter_map(|(_, look)| look.due).min();
    let before = object::at(&pod, "/status");
    status::write(&mut pod, run.as_ref(), (&first, &main), now);
    tell(cluster, &pod, &before, &main, now);
    if let Some(run) = cluster.runs.get_mut(object::uid(&pod)) {
        let is_ready = !main.is_empty() && main.iter().all(|(_, look)| look.is_ready);
        run.ready_since = if is_ready { run.ready_since.or(Some(now)) } else { None };
    }
    cluster.store.put(key, pod);
    if run.is_none() { Some(after(now, milliseconds(200))) } else { due }
}

fn containers<'a>(pod: &'a Value, part: &str) -> &'a [Value] {
    object::list(pod, &format!("/spec/{part}"))
}

/// What each container lacks, of those that cannot start. One that runs keeps what it read.
fn blocked(cluster: &Cluster, pod: &Value) -> BTreeMap<String, String> {
    if cluster.runs.contains_key(object::uid(pod)) {
        return BTreeMap::new();
    }
    let all = containers(pod, "initContainers").iter().chain(containers(pod, "containers"));
    let lacking = all.filter_map(|container| {
        Some((object::text(container, "/name").to_owned(), configuration::missing(cluster, pod, container)?))
    });
    lacking.collect()
}

fn start(cluster: &Cluster, pod: &Value, now: Timestamp) -> Run {
    let all = containers(pod, "initContainers").iter().chain(containers(pod, "containers"));
    let mut run = Run::new(now);
    for container in all {
        let (name, image) = (object::text(container, "/name"), object::text(container, "/image"));
        let by_image = cluster.script.behaviour(image);
        let by_configuration = configuration::behaviour(cluster, pod, container);
        let by_command = ends_at_once(container).then_some(Behaviour::Crash);
        let behaviour = match by_image {
            Behaviour::Missing => by_image,
            _ => by_command.or(by_configuration).unwrap_or(by_image),
        };
        run.behaviours.insert(name.to_owned(), behaviour);
        run.digests.insert(name.to_owned(), cluster.script.image_id(image));
    }
    run.launch = launch::launch(cluster, pod, &run);
    run
}

/// Whether a container is told to run a line of the shell that ends with a failure: `... exit 1`.
fn ends_at_once(container: &Value) -> bool {
    let command = object::list(container, "/command");
    let is_shell = command.first().and_then(Value::as_str).is_some_and(|program| program.ends_with("sh"));
    let line = command.last().and_then(Value::as_str).unwrap_or_default();
    let code = line.rsplit_once("exit ").and_then(|(_, code)| code.trim().parse::<u8>().ok());
    is_shell && code.is_some_and(|code| code != 0)
}

fn looks(
    cluster: &Cluster,
    pod: &Value,
    run: Option<&Run>,
    (blocked, now): (&BTreeMap<String, String>, Timestamp),
) -> (Looks, Looks) {
    let ends = ["Never", "OnFailure"].contains(&object::text(pod, "/spec/restartPolicy"));
    let timings = cluster.script.timings;
    let look = |container: &Value, ends: bool, since: Timestamp| {
        let name = object::text(container, "/name");
        match (run, blocked.get(name)) {
            (Some(run), _) => container::look(run.behaviour_now(name), timings, ends, (since, now)),
            (None, Some(message)) => Look::waiting("CreateContainerConfigError", message),
            (None, None) => Look::waiting("ContainerCreating", ""),
        }
    };
    let started = run.map_or(now, |run| run.started);
    let first: Looks = containers(pod, "initContainers")
        .iter()
        .map(|container| (container.clone(), ended(look(container, true, started), ends)))
        .collect();
    let is_initialised = first.iter().all(|(_, look)| look.ended == Some(0));
    let since = if first.is_empty() { started } else { after(started, milliseconds(timings.ready)) };
    let main = containers(pod, "containers").iter().map(|container| {
        let look = if is_initialised { look(container, ends, since) } else { Look::waiting("PodInitializing", "") };
        (container.clone(), look)
    });
    (first, main.collect())
}

/// An init container that fails is tried again unless the pod is not to be restarted.
fn ended(look: Look, pod_ends: bool) -> Look {
    if look.ended.is_none_or(|code| code == 0) || pod_ends {
        return look;
    }
    Look {
        last_state: look.state,
        restarts: 1,
        ..Look::waiting("CrashLoopBackOff", "back-off restarting failed container")
    }
}

/// Records an event for each container whose reason to wait or whose readiness is new.
fn tell(cluster: &mut Cluster, pod: &Value, before: &Value, looks: &Looks, now: Timestamp) {
    for (index, (container, look)) in looks.iter().enumerate() {
        let old = object::at(before, &format!("/containerStatuses/{index}"));
        let reason = object::text(&look.state, "/waiting/reason");
        let image = object::text(container, "/image");
        let name = object::text(container, "/name");
        if reason != object::text(&old, "/state/waiting/reason") {
            let event = match reason {
                "ErrImagePull" => ["Failed", &format!("Failed to pull image \"{image}\": not found")],
                "ImagePullBackOff" => ["BackOff", &format!("Back-off pulling image \"{image}\"")],
                "CrashLoopBackOff" => ["BackOff", &format!("Back-off restarting failed container {name}")],
                "CreateContainerConfigError" => {
                    ["Failed", &format!("Error: {}", object::text(&look.state, "/waiting/message"))]
                }
                _ => continue,
            };
            record_event(cluster, pod, ["Warning", event[0], event[1]], now);
        }
        let behaviour = cluster.runs.get(object::uid(pod)).map(|run| run.behaviour(name));
        let is_unready = behaviour == Some(Behaviour::NeverReady) && object::is_true(&old, "/started");
        if is_unready {
            let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
            record_event(cluster, pod, ["Warning", "Unhealthy", message], now);
        }
    }
}
