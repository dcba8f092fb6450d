//! How long a pod may take to become ready, and which of those of the newest template are not ready yet.

use std::time::Duration;

use backout_core::detect::Start;
use backout_core::inventory::{InstanceState, Unready};
use jiff::{SignedDuration, Timestamp};
use kube::core::DynamicObject;
use serde_json::Value;

use super::Family;
use super::health::{grant, started_at};
use super::instance::{restarts, state};
use crate::object::{condition, is_true, list, moment, name, number, text};

/// What is known of how long pods of a workload take.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patience {
    said: Option<SignedDuration>,
    usual: Option<SignedDuration>,
}

impl Patience {
    /// What the configuration says (`ready_within`), and what the pods of a workload took that are ready.
    pub(crate) fn of(family: &Family<'_>, ready_within: Option<Duration>) -> Self {
        let took = family.members.iter().filter_map(|member| took(member.pod));
        Self { said: ready_within.and_then(|within| SignedDuration::try_from(within).ok()), usual: took.min() }
    }

    /// How long a pod of that `spec` may take from the start of its containers until it is ready.
    pub(crate) fn may_take(&self, spec: &Value) -> SignedDuration {
        Start { said: self.said, granted: grant(spec), usual: self.usual }.may_take()
    }
}

/// How long a pod took that is ready. One whose containers were started again may have been ready before.
fn took(pod: &DynamicObject) -> Option<SignedDuration> {
    let ready = condition(&pod.data, "Ready").filter(|ready| text(ready, "/status") == Some("True"))?;
    let (since, started): (Timestamp, _) = (moment(ready, "/lastTransitionTime")?, started_at(pod)?);
    (restarts(pod) == 0 && since > started).then(|| since.duration_since(started))
}

/// The pods of the template that a workload has now that run and are not ready.
///
/// | a pod                                               | is one of them |
/// |-----------------------------------------------------|----------------|
/// | of an older template: it is being replaced          | no             |
/// | whose containers do not all run                     | no: it is not started yet, or in trouble |
/// | of which a container was started again              | no: restarts and `CrashLoopBackOff` tell of it |
/// | whose containers are ready (it waits for a readiness gate) | no: that is somebody else's to say |
/// | of which a container is not ready                   | yes            |
pub(crate) fn unready(family: &Family<'_>, patience: Patience) -> Vec<Unready> {
    let of_pod = |pod: &DynamicObject| {
        let is_judged = state(pod) == InstanceState::Running && restarts(pod) == 0;
        let what = waits_for(pod).filter(|_| is_judged)?;
        let may_take_ms =
            u64::try_from(patience.may_take(pod.data.get("spec").unwrap_or(&Value::Null)).as_millis()).unwrap_or(0);
        Some(Unready { id: pod.metadata.uid.clone().unwrap_or_default(), what, may_take_ms })
    };
    family.newest().filter_map(|member| of_pod(member.pod)).collect()
}

/// The probe that holds a pod up, and of which container.
fn waits_for(pod: &DynamicObject) -> Option<String> {
    let status = list(&pod.data, "/status/containerStatuses").iter().find(|status| !is_true(status, "/ready"))?;
    let container = text(status, "/name")?;
    let of_name = |spec: &&Value| text(spec, "/name") == Some(container);
    let spec = list(&pod.data, "/spec/containers").iter().find(of_name)?;
    let startup = spec.get("startupProbe").filter(|_| !is_true(status, "/started"));
    let (kind, probe) = match startup {
        Some(probe) => ("startup", probe),
        None => ("readiness", spec.get("readinessProbe")?),
    };
    Some(format!("{}, container `{container}`: its {kind} probe ({})", name(pod), words(probe)))
}

/// A probe in words. What a command is given may be secret.
fn words(probe: &Value) -> String {
    let port = |pointer: &str| {
        let named = text(probe, pointer).map(str::to_owned);
        named.or_else(|| number(probe, pointer).map(|port| port.to_string())).unwrap_or_default()
    };
    if let Some(get) = probe.get("httpGet") {
        return format!("HTTP GET {} on port {}", text(get, "/path").unwrap_or("/"), port("/httpGet/port"));
    }
    if probe.get("tcpSocket").is_some() {
        return format!("TCP port {}", port("/tcpSocket/port"));
    }
    if probe.get("grpc").is_some() {
        return format!("gRPC port {}", port("/grpc/port"));
    }
    list(probe, "/exec/command").first().and_then(Value::as_str).map_or("a command", |program| program).to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Arc<DynamicObject> {
        Arc::new(serde_json::from_value(value).unwrap())
    }

    /// Pods of a Deployment `web`, of its ReplicaSets `web-1` and `web-2`, the second that of its template.
    fn judged(pods: &[(&str, Value, Value)], ready_within: Option<u64>) -> Vec<(String, u64)> {
        let template = |image: &str| json!({"spec": {"containers": [{"name": "app", "image": image}]}});
        let owner = |uid: &str| json!([{"apiVersion": "v1", "kind": "X", "name": uid, "uid": uid, "controller": true}]);
        let web = object(json!({"metadata": {"name": "web", "uid": "web"}, "spec": {"template": template("web:2")}}));
        let set = |name: &str, image: &str| {
            object(json!({"metadata": {"name": name, "uid": name, "ownerReferences": owner("web")},
                "spec": {"template": template(image)}}))
        };
        let pod = |(set, container, status): &(&str, Value, Value)| {
            let mut spec = json!({"name": "app"});
            spec.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
            let mut own = json!({"name": "app", "restartCount": 0, "ready": false,
                "state": {"running": {"startedAt": "2026-11-21T08:00:00Z"}}});
            own.as_object_mut().unwrap().extend(status.as_object().unwrap().clone());
            let ready = if is_true(&own, "/ready") { "True" } else { "False" };
            object(json!({"metadata": {"name": format!("{set}-a"), "uid": format!("{set}-a"),
                    "ownerReferences": owner(set)},
                "spec": {"containers": [spec]}, "status": {"containerStatuses": [own], "conditions": [
                    {"type": "Ready", "status": ready, "lastTransitionTime": "2026-11-21T08:01:30Z"}]}}))
        };
        let sets = [set("web-1", "web:1"), set("web-2", "web:2")];
        let pods: Vec<_> = pods.iter().map(pod).collect();
        let family = Family::of(&web, &sets, &pods);
        let found = unready(&family, Patience::of(&family, ready_within.map(Duration::from_secs)));
        found.into_iter().map(|unready| (unready.what, unready.may_take_ms / 1000)).collect()
    }

    fn probed() -> Value {
        json!({"readinessProbe": {"httpGet": {"path": "/up", "port": 80}, "periodSeconds": 5, "failureThreshold": 2}})
    }

    #[test]
    fn a_new_pod_that_runs_and_is_not_ready_waits_for_its_probe() {
        let of = |container: Value, status: Value| judged(&[("web-2", container, status)], None);
        let readiness = "web-2-a, container `app`: its readiness probe (HTTP GET /up on port 80)";
        assert_eq!(of(probed(), json!({})), [(readiness.to_owned(), 70)]);
        let mut starting = probed();
        starting["startupProbe"] = json!({"tcpSocket": {"port": "web"}, "periodSeconds": 10, "failureThreshold": 30});
        let startup = "web-2-a, container `app`: its startup probe (TCP port web)";
        assert_eq!(of(starting.clone(), json!({"started": false})), [(startup.to_owned(), 370)]);
        assert_eq!(of(starting, json!({"started": true})), [(readiness.to_owned(), 370)]);
        let secret = json!({"readinessProbe": {"exec": {"command": ["check", "--password", "hunter2"]}}});
        assert_eq!(of(secret, json!({})), [("web-2-a, container `app`: its readiness probe (check)".to_owned(), 90)]);
    }

    #[test]
    fn what_is_told_of_elsewhere_is_not_judged_here() {
        let of = |status: Value| judged(&[("web-2", probed(), status)], None).len();
        assert_eq!(of(json!({"ready": true})), 0);
        assert_eq!(of(json!({"restartCount": 1})), 0, "it is judged by its restarts");
        assert_eq!(of(json!({"state": {"waiting": {"reason": "ContainerCreating"}}})), 0);
        assert_eq!(judged(&[("web-1", probed(), json!({}))], None), [], "it is being replaced");
        assert_eq!(judged(&[("web-2", json!({}), json!({}))], None), [], "it has no probe to wait for");
    }

    #[test]
    fn what_pods_took_before_and_what_the_configuration_says_counts() {
        let pods = [("web-1", probed(), json!({"ready": true})), ("web-2", probed(), json!({}))];
        let may_take = |within: Option<u64>| judged(&pods, within)[0].1;
        assert_eq!((may_take(None), may_take(Some(7))), (180, 7));
    }
}
