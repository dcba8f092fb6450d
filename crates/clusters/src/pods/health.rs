//! What a pod's own probes say of it.

use backout_core::inventory::Health;
use jiff::{SignedDuration, Timestamp};
use kube::core::DynamicObject;
use serde_json::Value;

use super::Patience;
use crate::object::{condition, list, moment, number, text};

/// A condition that changed longer than this after the container started was not set by its start. The API tells whole
/// seconds.
const LATER: SignedDuration = SignedDuration::from_secs(1);

/// What the probes of a pod say, whose containers all run.
///
/// | its condition `Ready`                                                     | health    |
/// |---------------------------------------------------------------------------|-----------|
/// | true                                                                      | healthy   |
/// | none                                                                      | starting  |
/// | false, and it was ready since its containers started                      | unhealthy |
/// | false for longer than it may take (see [`Patience`])                      | unhealthy |
/// | false otherwise                                                           | starting  |
pub(super) fn health(pod: &DynamicObject, now: Timestamp, patience: Patience) -> Health {
    let Some(ready) = condition(&pod.data, "Ready") else { return Health::Starting };
    if text(ready, "/status") == Some("True") {
        return Health::Healthy;
    }
    let Some(started) = started_at(pod) else { return Health::Starting };
    let was_ready = moment(ready, "/lastTransitionTime").is_some_and(|changed| changed > started + LATER);
    if was_ready || now > started + patience.may_take(pod.data.get("spec").unwrap_or(&Value::Null)) {
        Health::Unhealthy
    } else {
        Health::Starting
    }
}

/// When the last of its containers started.
pub(super) fn started_at(pod: &DynamicObject) -> Option<Timestamp> {
    let statuses = list(&pod.data, "/status/containerStatuses").iter();
    statuses.filter_map(|status| moment(status, "/state/running/startedAt")).max()
}

/// What the probes of a pod's slowest container grant from its start until it is ready: its startup probe, and then the
/// readiness or the liveness probe, whichever waits longer. Who lets a container live for so long before it answers knows
/// that it takes so long.
pub(super) fn grant(spec: &Value) -> SignedDuration {
    let container = |container: &Value| {
        let [startup, readiness, liveness] = ["/startupProbe", "/readinessProbe", "/livenessProbe"]
            .map(|probe| container.pointer(probe).map_or(0, seconds));
        startup + readiness.max(liveness)
    };
    SignedDuration::from_secs(list(spec, "/containers").iter().map(container).max().unwrap_or(0))
}

/// After how many seconds of failing a probe counts as failed; the defaults are those of Kubernetes.
fn seconds(probe: &Value) -> i64 {
    let field = |name: &str, default: i64| number(probe, name).unwrap_or(default).clamp(0, 86_400);
    field("/initialDelaySeconds", 0) + field("/failureThreshold", 3) * field("/periodSeconds", 10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(ready: &str, changed: &str, started: &str) -> DynamicObject {
        serde_json::from_value(json!({"metadata": {},
            "spec": {"containers": [{"name": "app", "readinessProbe": {"periodSeconds": 5, "failureThreshold": 4}}]},
            "status": {
                "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": changed}],
                "containerStatuses": [{"name": "app", "state": {"running": {"startedAt": started}}}],
            },
        }))
        .unwrap()
    }

    #[test]
    fn a_pod_has_its_probes_time_and_a_minute_to_become_ready() {
        let pod = pod("False", "2026-11-21T08:00:00Z", "2026-11-21T08:00:01Z");
        let at = |now: &str| health(&pod, now.parse().unwrap(), Patience::default());
        assert_eq!(at("2026-11-21T08:01:21Z"), Health::Starting);
        assert_eq!(at("2026-11-21T08:01:22Z"), Health::Unhealthy);
    }

    #[test]
    fn a_pod_that_was_ready_since_it_started_is_unhealthy_at_once() {
        let now = "2026-11-21T08:00:10Z".parse().unwrap();
        assert_eq!(
            health(&pod("False", "2026-11-21T08:00:09Z", "2026-11-21T08:00:01Z"), now, Patience::default()),
            Health::Unhealthy
        );
        // Ready before it was started again, which says nothing of now.
        assert_eq!(
            health(&pod("False", "2026-11-21T08:00:05Z", "2026-11-21T08:00:06Z"), now, Patience::default()),
            Health::Starting
        );
        assert_eq!(
            health(&pod("True", "2026-11-21T08:00:09Z", "2026-11-21T08:00:01Z"), now, Patience::default()),
            Health::Healthy
        );
    }

    #[test]
    fn the_slowest_container_and_the_most_patient_probe_say_what_is_granted() {
        let of = |containers: Value| grant(&json!({"containers": containers})).as_secs();
        let probe = |delay: i64, period: i64, threshold: i64| json!({"initialDelaySeconds": delay, "periodSeconds": period, "failureThreshold": threshold});
        assert_eq!(of(json!([{"name": "app"}])), 0);
        let (ready, alive) = (probe(5, 5, 3), probe(120, 10, 3));
        assert_eq!(of(json!([{"readinessProbe": ready}, {"livenessProbe": alive, "readinessProbe": ready}])), 150);
        assert_eq!(of(json!([{"startupProbe": probe(0, 10, 30), "readinessProbe": {}}])), 330);
    }
}
