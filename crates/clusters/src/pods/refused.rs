//! Pods that quota or admission refuse, of workloads whose status does not say so.

use backout_core::inventory::Standing;
use jiff::Timestamp;
use kube::core::DynamicObject;

use std::sync::Arc;

use super::Family;
use super::trouble::shortened;
use crate::object::{made_at, moment, name, text};

/// What the events of a StatefulSet or DaemonSet say of pods that could not be made.
///
/// | it has                   | its newest `FailedCreate` is            | answer              |
/// |--------------------------|-----------------------------------------|---------------------|
/// | as many pods as it wants, or one on its way out | any              | none                |
/// | fewer                    | none, or not newer than its newest pod and template | none: it was refused and went on |
/// | fewer                    | newer                                   | its message         |
pub(crate) fn refused(family: &Family<'_>, events: &[Arc<DynamicObject>]) -> Option<Standing> {
    if !family.is_short() {
        return None;
    }
    let uid = family.workload.metadata.uid.as_deref();
    let own = events.iter().filter(|event| text(&event.data, "/involvedObject/uid") == uid);
    let (at, event) = own.filter_map(|event| Some((last_at(event)?, event))).max_by_key(|(at, _)| *at)?;
    let made = family.members.iter().map(|member| member.pod).chain(family.current).filter_map(made_at);
    let went_on = made.max().is_some_and(|made| at <= made);
    let message = shortened(text(&event.data, "/message").unwrap_or_default());
    let what = format!("{}: FailedCreate: {message}", name(family.workload));
    (!went_on).then_some(Standing { what, since: Some(at) })
}

/// When it was last seen; newer servers tell of a series.
fn last_at(event: &DynamicObject) -> Option<Timestamp> {
    let fields = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/firstTimestamp"];
    fields.iter().find_map(|field| moment(&event.data, field))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(value: Value) -> Arc<DynamicObject> {
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn pod(made: &str, is_leaving: bool) -> Arc<DynamicObject> {
        let owner = json!([{"apiVersion": "apps/v1", "kind": "X", "name": "db", "uid": "db", "controller": true}]);
        let mut pod = json!({"metadata": {"name": "db-0", "uid": made, "ownerReferences": owner,
            "creationTimestamp": made}});
        if is_leaving {
            pod["metadata"]["deletionTimestamp"] = json!("2026-11-21T08:00:30Z");
        }
        object(pod)
    }

    /// Of a workload that wants two pods, and whose last refusal was at 8:00:10.
    fn said(kind: &str, pods: &[Arc<DynamicObject>]) -> Option<String> {
        let set = object(json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "db", "uid": "db"},
            "spec": {"replicas": 2}, "status": {"desiredNumberScheduled": 2}}));
        let event = |uid: &str| {
            object(json!({"metadata": {"name": "x"}, "involvedObject": {"uid": uid}, "reason": "FailedCreate",
                "message": "exceeded quota", "lastTimestamp": "2026-11-21T08:00:10Z"}))
        };
        assert_eq!(refused(&Family::of(&set, &[], pods), &[event("other")]), None);
        refused(&Family::of(&set, &[], pods), &[event("other"), event("db")]).map(|standing| standing.what)
    }

    #[test]
    fn a_refusal_counts_while_pods_are_missing_and_none_was_made_since() {
        let (before, after) = ("2026-11-21T08:00:05Z", "2026-11-21T08:00:10Z");
        let refused = Some("db: FailedCreate: exceeded quota".to_owned());
        for kind in ["StatefulSet", "DaemonSet"] {
            assert_eq!(said(kind, &[]), refused);
            assert_eq!(said(kind, &[pod(before, false)]), refused);
            assert_eq!(said(kind, &[pod(after, false)]), None, "it went on since");
            assert_eq!(said(kind, &[pod(before, false), pod(before, true)]), None, "one is being replaced");
            assert_eq!(said(kind, &[pod(before, false), pod(before, false)]), None, "none is missing");
        }
        assert_eq!(said("Deployment", &[]), None, "its status says so");
    }
}
