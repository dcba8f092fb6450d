//! What a pod's own probes say of it.

use backout_core::inventory::Health;
use jiff::{SignedDuration, Timestamp};
use kube::core::DynamicObject;
use serde_json::Value;

use crate::object::{condition, list, moment, number, text};

/// What any container may take to become ready, beside what its own probes grant: nobody writes a startup probe for an
/// application that needs half a minute.
const ANY: SignedDuration = SignedDuration::from_secs(60);

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
/// | false for longer than its probes grant and a minute beside (see [`grant`]) | unhealthy |
/// | false otherwise                                                           | starting  |
pub(super) fn health(pod: &DynamicObject, now: Timestamp) -> Health {
    let Some(ready) = condition(&pod.data, "Ready") else { return Health::Starting };
    if text(ready, "/status") == Some("True") {
        return Health::Healthy;
    }
    let Some(started) = started_at(pod) else { return Health::Starting };
    let was_ready = moment(ready, "/lastTransitionTime").is_some_and(|changed| changed > started + LATER);
    if was_ready || now > started + pod.data.get("spec").map_or(ANY, grant) {
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

/// How long a pod of that `spec` may take from the start of its containers until it is ready: what the startup and the
/// readiness probe of its slowest container grant, and a minute.
pub(crate) fn grant(spec: &Value) -> SignedDuration {
    let container = |container: &Value| {
        ["/startupProbe", "/readinessProbe"]
            .iter()
            .filter_map(|probe| container.pointer(probe))
            .map(seconds)
            .sum::<i64>()
    };
    let slowest = list(spec, "/containers").iter().map(container).max().unwrap_or(0);
    ANY + SignedDuration::from_secs(slowest)
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
        let at = |now: &str| health(&pod, now.parse().unwrap());
        assert_eq!(at("2026-11-21T08:01:21Z"), Health::Starting);
        assert_eq!(at("2026-11-21T08:01:22Z"), Health::Unhealthy);
    }

    #[test]
    fn a_pod_that_was_ready_since_it_started_is_unhealthy_at_once() {
        let now = "2026-11-21T08:00:10Z".parse().unwrap();
        assert_eq!(health(&pod("False", "2026-11-21T08:00:09Z", "2026-11-21T08:00:01Z"), now), Health::Unhealthy);
        // Ready before it was started again, which says nothing of now.
        assert_eq!(health(&pod("False", "2026-11-21T08:00:05Z", "2026-11-21T08:00:06Z"), now), Health::Starting);
        assert_eq!(health(&pod("True", "2026-11-21T08:00:09Z", "2026-11-21T08:00:01Z"), now), Health::Healthy);
    }
}
