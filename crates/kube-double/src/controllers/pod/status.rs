//! A pod's status, as the node writes it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Run, clock, object, set_condition};
use crate::controllers::pod::container::Look;
use crate::controllers::pod::kubelet::Looks;

/// Writes phase, conditions and container statuses.
pub(crate) fn write(pod: &mut Value, run: Option<&Run>, (first, main): (&Looks, &Looks), now: Timestamp) {
    let is_initialised = first.iter().all(|(_, look)| look.ended == Some(0));
    let is_ready = is_initialised && main.iter().all(|(_, look)| look.is_ready);
    let phase = phase(first, main);
    object::set(pod, &["status", "phase"], json!(phase));
    let said = |holds: bool| if holds { "True" } else { "False" };
    let unready = if phase == "Succeeded" { "PodCompleted" } else { "ContainersNotReady" };
    let reason = if is_ready { "" } else { unready };
    set_condition(pod, ["PodScheduled", "True", "", ""], now);
    set_condition(pod, ["Initialized", said(is_initialised), "", ""], now);
    set_condition(pod, ["ContainersReady", said(is_ready), reason, ""], now);
    set_condition(pod, ["Ready", said(is_ready), reason, ""], now);
    if object::text(pod, "/status/startTime").is_empty() {
        object::set(pod, &["status", "startTime"], json!(clock::text(now)));
        object::set(pod, &["status", "hostIP"], json!("10.0.0.1"));
        object::set(pod, &["status", "qosClass"], json!("BestEffort"));
    }
    if run.is_some() {
        object::set(pod, &["status", "podIP"], json!(address(pod)));
    }
    let statuses = |looks: &Looks| Value::Array(looks.iter().map(|(spec, look)| status(spec, look, run)).collect());
    object::set(pod, &["status", "containerStatuses"], statuses(main));
    if !first.is_empty() {
        object::set(pod, &["status", "initContainerStatuses"], statuses(first));
    }
}

/// An address of its own, by its id.
fn address(pod: &Value) -> String {
    let part = |from: usize| object::uid(pod).get(from..from + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    format!("10.1.{}.{}", part(0).unwrap_or_default(), part(2).unwrap_or_default())
}

fn phase(first: &Looks, main: &Looks) -> &'static str {
    let all = || first.iter().chain(main);
    if all().any(|(_, look)| look.ended.is_some_and(|code| code != 0)) {
        return "Failed";
    }
    if main.iter().all(|(_, look)| look.ended == Some(0)) {
        return "Succeeded";
    }
    let has_started = |look: &Look| look.state.get("waiting").is_none() || look.restarts > 0;
    if main.iter().all(|(_, look)| has_started(look)) { "Running" } else { "Pending" }
}

fn status(spec: &Value, look: &Look, run: Option<&Run>) -> Value {
    let (name, image) = (object::text(spec, "/name"), object::text(spec, "/image"));
    // A container has an image's id once the image was there to start it from.
    let has_run = look.state.get("waiting").is_none() || look.restarts > 0;
    let id = run.and_then(|run| run.digests.get(name)).filter(|_| has_run).cloned().unwrap_or_default();
    json!({
        "name": name,
        "image": image,
        "imageID": id,
        "containerID": if has_run { format!("containerd://{name}") } else { String::new() },
        "ready": look.is_ready,
        "started": look.state.get("running").is_some(),
        "restartCount": look.restarts,
        "state": look.state,
        "lastState": look.last_state,
    })
}
