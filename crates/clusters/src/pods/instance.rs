//! A pod as an instance.

use backout_core::inventory::{Health, Instance, InstanceState, Version};
use jiff::Timestamp;
use kube::core::DynamicObject;
use serde_json::Value;

use super::health::{health, started_at};
use super::{Family, Member, Patience};
use crate::object::{list, made_at, moment, name, number, text};

/// The pods of a workload as instances at a time, each of the version that is said of it.
pub(crate) fn instances(
    family: &Family<'_>,
    at: (Timestamp, Patience),
    version: impl Fn(Member<'_>) -> Version,
) -> Vec<Instance> {
    family.members.iter().map(|member| instance(member.pod, at, version(*member))).collect()
}

/// A pod as an instance.
pub(crate) fn instance(pod: &DynamicObject, (now, patience): (Timestamp, Patience), version: Version) -> Instance {
    let state = state(pod);
    Instance {
        id: pod.metadata.uid.clone().unwrap_or_default(),
        name: name(pod).to_owned(),
        version,
        state,
        health: if state == InstanceState::Running { health(pod, now, patience) } else { Health::Unchecked },
        since: since(pod, state),
        restarts: u32::try_from(restarts(pod)).unwrap_or(u32::MAX),
    }
}

/// Whether a pod runs: the worst of its containers decides.
///
/// | a container                                           | state                 |
/// |-------------------------------------------------------|-----------------------|
/// | ended for want of memory                              | exited, out of memory |
/// | ended, and its node starts it again; CrashLoopBackOff | restarting            |
/// | waits for anything else, or says nothing yet          | created               |
/// | all run                                               | running               |
///
/// A container of a workload is always started again: one that ended is not the end of its pod, and how often it was
/// started again is counted. One that prepares the pod counts only where it fails.
pub(crate) fn state(pod: &DynamicObject) -> InstanceState {
    let statuses = list(&pod.data, "/status/containerStatuses");
    let preparing = list(&pod.data, "/status/initContainerStatuses");
    let out_of_memory = statuses.iter().chain(preparing).filter_map(|status| status.pointer("/state/terminated"));
    let mut out_of_memory = out_of_memory.filter(|end| text(end, "/reason") == Some("OOMKilled"));
    if let Some(end) = out_of_memory.next() {
        let code = number(end, "/exitCode").unwrap_or(137);
        return InstanceState::Exited { code, out_of_memory: true };
    }
    if statuses.iter().any(|status| has_ended(status) || is_looping(status)) || preparing.iter().any(is_failing) {
        return InstanceState::Restarting;
    }
    let runs = |status: &Value| status.pointer("/state/running").is_some();
    let all = list(&pod.data, "/spec/containers").len().max(1);
    if statuses.iter().filter(|status| runs(status)).count() >= all {
        return InstanceState::Running;
    }
    InstanceState::Created
}

fn has_ended(status: &Value) -> bool {
    status.pointer("/state/terminated").is_some()
}

fn is_looping(status: &Value) -> bool {
    text(status, "/state/waiting/reason") == Some("CrashLoopBackOff")
}

/// Whether a container that prepares the pod fails. One that is done has ended with 0.
fn is_failing(status: &Value) -> bool {
    is_looping(status) || number(status, "/state/terminated/exitCode").is_some_and(|code| code != 0)
}

/// How often its containers were started again.
pub(crate) fn restarts(pod: &DynamicObject) -> i64 {
    let statuses = ["/status/containerStatuses", "/status/initContainerStatuses"];
    let counts = statuses.iter().flat_map(|statuses| list(&pod.data, statuses));
    counts.filter_map(|status| number(status, "/restartCount")).sum()
}

fn since(pod: &DynamicObject, state: InstanceState) -> Option<Timestamp> {
    let statuses = || list(&pod.data, "/status/containerStatuses").iter();
    let ended = || {
        let ends = ["/state/terminated/finishedAt", "/lastState/terminated/finishedAt"];
        statuses().filter_map(|status| ends.iter().find_map(|end| moment(status, end))).max()
    };
    match state {
        InstanceState::Running | InstanceState::Paused => started_at(pod),
        InstanceState::Exited { .. } | InstanceState::Restarting => ended().or_else(|| made_at(pod)),
        InstanceState::Created => made_at(pod),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(status: Value) -> Instance {
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web-1", "uid": "u1", "creationTimestamp": "2026-11-21T08:00:00Z"},
            "spec": {"containers": [{"name": "app"}, {"name": "proxy"}]}});
        pod["status"] = status;
        let version = Version { code: "app=web:1".to_owned(), spec: String::new() };
        let at = ("2026-11-21T08:00:30Z".parse().unwrap(), Patience::default());
        instance(&serde_json::from_value(pod).unwrap(), at, version)
    }

    fn running() -> Value {
        json!({"name": "proxy", "restartCount": 1, "state": {"running": {"startedAt": "2026-11-21T08:00:02Z"}}})
    }

    #[test]
    fn the_worst_container_says_how_a_pod_is() {
        let of = |state: Value| {
            seen(json!({"containerStatuses": [running(), {"name": "app", "restartCount": 2, "state": state}]})).state
        };
        assert_eq!(of(json!({"waiting": {"reason": "ContainerCreating"}})), InstanceState::Created);
        assert_eq!(of(json!({"waiting": {"reason": "ImagePullBackOff"}})), InstanceState::Created);
        assert_eq!(of(json!({"waiting": {"reason": "CrashLoopBackOff"}})), InstanceState::Restarting);
        assert_eq!(of(json!({"terminated": {"exitCode": 1, "reason": "Error"}})), InstanceState::Restarting);
        let killed = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
        assert_eq!(of(killed), InstanceState::Exited { code: 137, out_of_memory: true });
        assert_eq!(of(json!({"running": {"startedAt": "2026-11-21T08:00:03Z"}})), InstanceState::Running);
    }

    #[test]
    fn a_pod_that_its_node_has_not_taken_up_is_created_since_it_was_made() {
        let pod = seen(json!({"phase": "Pending"}));
        assert_eq!(
            (pod.state, pod.since.unwrap().to_string()),
            (InstanceState::Created, "2026-11-21T08:00:00Z".into())
        );
    }

    #[test]
    fn a_pod_is_prepared_by_containers_that_end_and_not_by_those_that_fail() {
        let of = |code: i64| {
            let statuses =
                json!({"initContainerStatuses": [{"name": "p", "state": {"terminated": {"exitCode": code}}}]});
            seen(statuses).state
        };
        assert_eq!((of(0), of(1)), (InstanceState::Created, InstanceState::Restarting));
    }

    #[test]
    fn restarts_are_those_of_all_containers() {
        let statuses = json!([running(), {"name": "app", "restartCount": 2, "state": {"waiting": {}}}]);
        assert_eq!(seen(json!({"containerStatuses": statuses})).restarts, 3);
    }
}
