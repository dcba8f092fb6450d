//! The mark on a workload that was scaled to zero for a while: how many pods it had. Pure.

use backout_core::inventory::Standing;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::object::{annotation, name, number};

/// Our annotation on a workload that was stopped: how many pods it had, and the generation that stopping it made.
pub(crate) const STOPPED: &str = "backout.dev/stopped";

/// What a workload is marked with when it is stopped; `None` where it has no pods to stop.
pub(crate) fn mark_of(there: &DynamicObject) -> Option<String> {
    let replicas = replicas(there);
    let generation = there.metadata.generation.unwrap_or(0) + 1;
    (replicas != 0).then(|| format!("{replicas} {generation}"))
}

/// How many pods a workload had that we stopped, and that nobody has touched since.
pub(crate) fn stopped_by_us(workload: &DynamicObject) -> Option<i64> {
    had(workload).filter(|_| !is_touched(workload))
}

/// How many pods a workload had that we stopped, and that is still scaled to zero.
pub(crate) fn had(workload: &DynamicObject) -> Option<i64> {
    let (replicas, _) = mark(workload)?;
    (number(&workload.data, "/spec/replicas") == Some(0)).then_some(replicas)
}

/// Whether a workload bears the mark.
pub(crate) fn is_marked(workload: &DynamicObject) -> bool {
    annotation(workload, STOPPED).is_some()
}

/// Whether somebody has changed what a workload shall be since we stopped it.
pub(crate) fn is_touched(workload: &DynamicObject) -> bool {
    mark(workload).is_some_and(|(_, generation)| workload.metadata.generation > Some(generation))
}

/// A workload that we stopped and that is still scaled to zero, though somebody has changed it since: whoever did does not
/// expect that.
pub(crate) fn left_stopped(workload: &DynamicObject) -> Option<Standing> {
    let replicas = had(workload)?;
    let name = name(workload);
    let what = format!("{name} was stopped by a rollback and is still scaled to zero (it had {replicas})");
    Some(Standing { what, since: None })
}

/// The patch that stops a workload; `None` where it has no pods.
pub(super) fn stop(there: &DynamicObject, version: &str) -> Option<Value> {
    let mark = mark_of(there)?;
    Some(json!({
        "metadata": {"resourceVersion": version, "annotations": {STOPPED: mark}},
        "spec": {"replicas": 0},
    }))
}

/// The patch that has a stopped workload run again; `None` where it was not stopped by us.
///
/// | scaled to zero | whoever deploys it says how many it has | pods asked for  |
/// |----------------|-----------------------------------------|-----------------|
/// | yes            | no: an autoscaler does, or a person     | as many as it had |
/// | yes            | yes                                     | none, as is said  |
/// | no             |                                         | as it is          |
pub(super) fn wake(there: &DynamicObject, version: &str, is_said: bool) -> Option<Value> {
    let mut patch = json!({"metadata": {"resourceVersion": version, "annotations": {STOPPED: null}}});
    if let Some(replicas) = had(there).filter(|_| !is_said) {
        patch["spec"] = json!({"replicas": replicas});
    }
    is_marked(there).then_some(patch)
}

fn replicas(there: &DynamicObject) -> i64 {
    number(&there.data, "/spec/replicas").unwrap_or(1)
}

fn mark(workload: &DynamicObject) -> Option<(i64, i64)> {
    let (replicas, generation) = annotation(workload, STOPPED)?.split_once(' ')?;
    Some((replicas.parse().ok()?, generation.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(replicas: i64, generation: i64, mark: Option<&str>) -> DynamicObject {
        let annotations = mark.map_or(json!({}), |mark| json!({STOPPED: mark}));
        serde_json::from_value(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "generation": generation, "annotations": annotations},
            "spec": {"replicas": replicas}}))
        .unwrap()
    }

    #[test]
    fn a_stopped_workload_bears_how_many_pods_it_had_and_gets_them_back() {
        let patch = stop(&workload(3, 4, None), "7").unwrap();
        assert_eq!(patch["metadata"], json!({"resourceVersion": "7", "annotations": {STOPPED: "3 5"}}));
        assert_eq!(patch["spec"]["replicas"], 0);
        let stopped = workload(0, 5, Some("3 5"));
        assert_eq!((stop(&stopped, "8"), stopped_by_us(&stopped)), (None, Some(3)), "a second time changes nothing");
        let woken = wake(&stopped, "8", false).unwrap();
        assert_eq!((&woken["spec"]["replicas"], &woken["metadata"]["annotations"][STOPPED]), (&json!(3), &json!(null)));
    }

    #[test]
    fn whoever_says_how_many_pods_there_are_is_heard() {
        let deployed = workload(2, 6, Some("3 5"));
        let woken = wake(&deployed, "8", true).unwrap();
        assert_eq!(woken.get("spec"), None, "{woken}");
        assert_eq!(woken["metadata"]["annotations"][STOPPED], json!(null));
        assert_eq!(wake(&workload(0, 6, Some("3 5")), "8", true).unwrap().get("spec"), None, "zero is what is said");
        assert_eq!(wake(&workload(2, 6, None), "8", false), None);
    }

    #[test]
    fn a_workload_that_was_deployed_since_and_is_still_at_zero_is_told_of() {
        let touched = workload(0, 6, Some("3 5"));
        assert_eq!((stopped_by_us(&touched), had(&touched), is_touched(&touched)), (None, Some(3), true));
        assert!(left_stopped(&touched).unwrap().what.contains("still scaled to zero (it had 3)"));
        assert_eq!(left_stopped(&workload(2, 6, Some("3 5"))), None);
    }
}
