//! What keeps a workload from getting where it should be, and will not pass by itself.

use backout_core::inventory::Standing;
use jiff::{SignedDuration, Timestamp};
use kube::core::DynamicObject;
use serde_json::Value;

use super::Family;
use super::family::is_observed;
use crate::object::{condition, is_true, list, made_at, moment, name, number, text};

/// How long a first refusal by the registry may be an accident: a node asks again after ten seconds.
const ACCIDENT: SignedDuration = SignedDuration::from_secs(10);

/// How long a container that was started again must run until it is no longer taken for one that crashes in a loop.
const STEADY: SignedDuration = SignedDuration::from_secs(60);

/// How many letters of a message are kept.
const WORDS: usize = 300;

/// What keeps a workload from getting where it should be: what its pods say, else what its controller says.
///
/// Only pods of the template that it has now are asked, and its status only where it is about the workload as it is now:
/// what is wrong with those that are being replaced passes with them.
///
/// | where                                      | says                                                            |
/// |--------------------------------------------|-----------------------------------------------------------------|
/// | pod, container waits                       | `ImagePullBackOff`, `ErrImageNeverPull`, `InvalidImageName`     |
/// | pod, container waits                       | `ErrImagePull`, where the registry knows no such image          |
/// | pod, container waits, ten seconds after it came to its node | `ErrImagePull` for another reason              |
/// | pod, container waits                       | `CrashLoopBackOff`, `RunContainerError`                         |
/// | pod, container ended, or runs for less than a minute and is not ready; it failed, and was started again twice or more | a crash loop between two waits: as `CrashLoopBackOff` |
/// | pod, container waits                       | `CreateContainerConfigError`, `CreateContainerError`            |
/// | pod, container ended or runs and is not ready | ended for want of memory: `OOMKilled`                        |
/// | condition `ReplicaFailure`                 | true: quota or admission refuse its pods                        |
/// | condition `Progressing`                    | false, `ProgressDeadlineExceeded`; of a Rollout `RolloutAborted` |
/// | `spec.paused`, with a template that no pod has | nothing rolls it out: it is paused                          |
pub(crate) fn trouble(family: &Family<'_>, now: Timestamp) -> Option<Standing> {
    let of_pods = family.newest().find_map(|member| of_pod(member.pod, now));
    of_pods.or_else(|| of_status(family.workload)).or_else(|| of_pause(family))
}

fn of_pod(pod: &DynamicObject, now: Timestamp) -> Option<Standing> {
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let mut statuses = statuses.iter().flat_map(|statuses| list(&pod.data, statuses));
    statuses.find_map(|status| of_container(pod, status, now))
}

fn of_container(pod: &DynamicObject, status: &Value, now: Timestamp) -> Option<Standing> {
    let said = |reason: &str, message: Option<&str>, since: Option<Timestamp>| {
        let message = message.map(|message| format!(": {}", shortened(message))).unwrap_or_default();
        let container = text(status, "/name").unwrap_or_default();
        let what = format!("{}, container `{container}`: {reason}{message}", name(pod));
        Some(Standing { what, since: since.or_else(|| scheduled_at(pod)) })
    };
    let (last_end, end) = (status.pointer("/lastState/terminated"), status.pointer("/state/terminated"));
    let mut killed = [end, last_end].into_iter().flatten().filter(|end| text(end, "/reason") == Some("OOMKilled"));
    if let Some(killed) = killed.next().filter(|_| !is_true(status, "/ready")) {
        return said("OOMKilled", Some("ended by the kernel for want of memory"), moment(killed, "/finishedAt"));
    }
    let reason = match text(status, "/state/waiting/reason") {
        Some(reason) => reason,
        // Trouble that comes and goes with each try would never last.
        None if is_in_loop(status, now) => "CrashLoopBackOff",
        None => return None,
    };
    let message = text(status, "/state/waiting/message");
    let is_accident =
        || !message.is_some_and(is_unknown) && scheduled_at(pod).is_none_or(|since| now < since + ACCIDENT);
    match reason {
        "CrashLoopBackOff" | "RunContainerError" => {
            let last = end.or(last_end);
            let ended = last.and_then(|end| end.get("exitCode")).map(|code| format!("exit code {code}"));
            let message = ended.as_deref().or(message);
            said(reason, message, last.and_then(|end| moment(end, "/finishedAt")))
        }
        "ErrImagePull" if is_accident() => None,
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "InvalidImageName"
        | "CreateContainerConfigError"
        | "CreateContainerError" => said(reason, message, None),
        _ => None,
    }
}

/// Whether a failed pull says that the registry knows no such image, in the words of containerd, CRI-O or Docker: asking
/// again will not help.
fn is_unknown(message: &str) -> bool {
    let said = ["manifest unknown", "name unknown", "code = NotFound"];
    message.trim_end().ends_with(": not found") || said.iter().any(|said| message.contains(said))
}

/// Whether a container that does not wait is between two waits of a crash loop.
fn is_in_loop(status: &Value, now: Timestamp) -> bool {
    let failed = |end: &str| number(status, end).is_some_and(|code| code != 0);
    let is_young = || moment(status, "/state/running/startedAt").is_some_and(|started| now < started + STEADY);
    let is_failing = failed("/state/terminated/exitCode") || (failed("/lastState/terminated/exitCode") && is_young());
    is_failing && !is_true(status, "/ready") && number(status, "/restartCount").unwrap_or(0) >= 2
}

fn of_status(workload: &DynamicObject) -> Option<Standing> {
    if !is_observed(workload) {
        return None;
    }
    let says = |kind: &str, status: &str, reason: Option<&str>| {
        condition(&workload.data, kind).filter(|condition| {
            text(condition, "/status") == Some(status) && (reason.is_none() || text(condition, "/reason") == reason)
        })
    };
    let refused = says("ReplicaFailure", "True", None);
    let stopped = |reason: &str| says("Progressing", "False", Some(reason));
    let found = refused.or_else(|| stopped("ProgressDeadlineExceeded")).or_else(|| stopped("RolloutAborted"))?;
    let reason = text(found, "/reason").unwrap_or_default();
    let message = text(found, "/message").map(shortened).unwrap_or_default();
    let what = format!("{}: {reason}: {message}", name(workload));
    Some(Standing { what, since: moment(found, "/lastTransitionTime") })
}

/// A paused workload whose template no pod has: it will never have one before it is unpaused.
fn of_pause(family: &Family<'_>) -> Option<Standing> {
    let is_waiting = family.wanted() > 0 && family.newest().next().is_none() && is_observed(family.workload);
    let is_paused = is_true(&family.workload.data, "/spec/paused");
    (is_paused && is_waiting).then(|| {
        let name = name(family.workload);
        Standing { what: format!("{name} is paused: its new template is not rolled out"), since: None }
    })
}

/// Since when a pod is on its node.
fn scheduled_at(pod: &DynamicObject) -> Option<Timestamp> {
    let scheduled = condition(&pod.data, "PodScheduled").filter(|it| text(it, "/status") == Some("True"));
    scheduled.and_then(|condition| moment(condition, "/lastTransitionTime")).or_else(|| made_at(pod))
}

pub(super) fn shortened(message: &str) -> String {
    match message.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Arc<DynamicObject> {
        Arc::new(serde_json::from_value(value).unwrap())
    }

    /// A Deployment `web` of generation 2 with an older ReplicaSet `web-1` and that of its template, `web-2`.
    fn troubled(status: Value, extra: Value, pods: &[(&str, Value)]) -> Option<String> {
        let template = |image: &str| json!({"spec": {"containers": [{"name": "app", "image": image}]}});
        let owner = |uid: &str| json!([{"apiVersion": "v1", "kind": "X", "name": uid, "uid": uid, "controller": true}]);
        let mut spec = json!({"replicas": 1, "template": template("web:2")});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let web = object(json!({"metadata": {"name": "web", "uid": "web", "generation": 2},
            "spec": spec, "status": status}));
        let set = |name: &str, image: &str| {
            object(json!({"metadata": {"name": name, "uid": name, "ownerReferences": owner("web")},
                "spec": {"template": template(image)}}))
        };
        let pod = |(set, container): &(&str, Value)| {
            object(json!({"metadata": {"name": format!("{set}-a"), "uid": format!("{set}-a"),
                    "ownerReferences": owner(set), "creationTimestamp": "2026-11-21T08:00:00Z"},
                "status": {"containerStatuses": [container]}}))
        };
        let sets = [set("web-1", "web:1"), set("web-2", "web:2")];
        let pods: Vec<_> = pods.iter().map(pod).collect();
        let now = "2026-11-21T08:00:09Z".parse().unwrap();
        trouble(&Family::of(&web, &sets, &pods), now).map(|standing| standing.what)
    }

    fn waiting(reason: &str) -> Value {
        waiting_as(reason, "manifest unknown")
    }

    fn waiting_as(reason: &str, message: &str) -> Value {
        json!({"name": "app", "state": {"waiting": {"reason": reason, "message": message}}})
    }

    #[test]
    fn what_a_pod_waits_for_in_vain_is_said_in_the_platforms_words() {
        let of = |container: Value| troubled(json!({}), json!({}), &[("web-2", container)]);
        let said = of(waiting("ImagePullBackOff"));
        assert_eq!(said.as_deref(), Some("web-2-a, container `app`: ImagePullBackOff: manifest unknown"));
        assert!(of(waiting("CreateContainerConfigError")).is_some());
        assert_eq!(of(waiting("ContainerCreating")), None);
        for accident in ["dial tcp 10.0.0.7:443: i/o timeout", "lookup registry.example: no such host", "unauthorized"]
        {
            assert_eq!(
                of(waiting_as("ErrImagePull", accident)),
                None,
                "the first refusal may be an accident: {accident}"
            );
        }
        let unknown = "failed to resolve reference \"registry.example/web:9\": registry.example/web:9: not found";
        for in_vain in [unknown, "reading manifest 9: manifest unknown", "rpc error: code = NotFound desc = failed"] {
            assert!(of(waiting_as("ErrImagePull", in_vain)).is_some(), "{in_vain}");
        }
        let looping = json!({"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 3, "finishedAt": "2026-11-21T08:00:05Z"}}});
        assert_eq!(of(looping).as_deref(), Some("web-2-a, container `app`: CrashLoopBackOff: exit code 3"));
    }

    #[test]
    fn a_crash_loop_is_trouble_between_its_waits_as_well() {
        let of = |restarts: u64, ready: bool, state: Value| {
            let container = json!({"name": "app", "ready": ready, "restartCount": restarts, "state": state,
                "lastState": {"terminated": {"exitCode": 3, "finishedAt": "2026-11-21T08:00:05Z"}}});
            troubled(json!({}), json!({}), &[("web-2", container)])
        };
        let running = |since: &str| json!({"running": {"startedAt": since}});
        let said = Some("web-2-a, container `app`: CrashLoopBackOff: exit code 3".to_owned());
        assert_eq!(of(2, false, running("2026-11-21T08:00:06Z")), said);
        assert_eq!(of(2, false, json!({"terminated": {"exitCode": 3}})), said);
        assert_eq!(of(1, false, running("2026-11-21T08:00:06Z")), None, "it was started again once");
        assert_eq!(of(2, true, running("2026-11-21T08:00:06Z")), None);
        assert_eq!(of(2, false, running("2026-11-21T07:58:00Z")), None, "it has run for a while");
    }

    #[test]
    fn what_is_wrong_with_pods_of_an_older_template_passes_with_them() {
        let pods = [("web-1", waiting("ImagePullBackOff"))];
        assert_eq!(troubled(json!({}), json!({}), &pods), None);
    }

    #[test]
    fn want_of_memory_is_trouble_until_the_container_is_ready_again() {
        let of = |ready: bool| {
            let container = json!({"name": "app", "ready": ready, "state": {"running": {}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}});
            troubled(json!({}), json!({}), &[("web-2", container)])
        };
        assert!(of(false).unwrap().contains("OOMKilled"));
        assert_eq!(of(true), None);
    }

    #[test]
    fn a_status_counts_once_it_is_about_the_workload_as_it_is_now() {
        let status = |generation: u64| {
            json!({"observedGeneration": generation, "conditions": [
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"},
            ]})
        };
        let said = troubled(status(2), json!({}), &[]);
        assert_eq!(said.as_deref(), Some("web: ProgressDeadlineExceeded: timed out"));
        assert_eq!(troubled(status(1), json!({}), &[]), None);
        let refused = json!({"observedGeneration": 2, "conditions": [
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"},
        ]});
        assert_eq!(troubled(refused, json!({}), &[]).as_deref(), Some("web: FailedCreate: exceeded quota"));
    }

    #[test]
    fn a_pause_is_trouble_where_the_new_template_waits_for_it() {
        let paused = json!({"paused": true});
        let ready = json!({"name": "app", "ready": true, "state": {"running": {}}});
        let seen = json!({"observedGeneration": 2});
        assert!(troubled(seen.clone(), paused.clone(), &[("web-1", ready.clone())]).unwrap().contains("paused"));
        assert_eq!(troubled(seen, paused, &[("web-2", ready)]), None);
    }
}
