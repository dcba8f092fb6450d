//! A workload with its revisions and pods.

use std::sync::Arc;

use kube::core::DynamicObject;
use serde_json::Value;

use super::template::{revision_template, same};
use crate::object::{is_controlled_by, label, made_at, name, number, text};

/// A workload, the ReplicaSets or ControllerRevisions that stand for its templates, and its pods.
pub(crate) struct Family<'a> {
    pub(crate) workload: &'a DynamicObject,
    /// The revision of the template that the workload has now; `None` while its controller has not made it yet.
    pub(crate) current: Option<&'a DynamicObject>,
    /// Its instances, sorted by name.
    pub(crate) members: Vec<Member<'a>>,
    /// Whether a pod of it is being removed.
    is_losing: bool,
}

/// A pod of a workload.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    pub(crate) pod: &'a DynamicObject,
    /// The ReplicaSet or ControllerRevision that it was made from; `None` where it is gone.
    pub(crate) revision: Option<&'a DynamicObject>,
}

impl<'a> Family<'a> {
    /// The family of a workload, picked from the ReplicaSets, ControllerRevisions and pods of its namespace.
    pub(crate) fn of(
        workload: &'a DynamicObject,
        revisions: &'a [Arc<DynamicObject>],
        pods: &'a [Arc<DynamicObject>],
    ) -> Self {
        let revisions = revisions.iter().map(Arc::as_ref);
        let revisions: Vec<&DynamicObject> =
            revisions.filter(|revision| is_controlled_by(revision, workload)).collect();
        let member = |pod: &'a DynamicObject| {
            let by_owner = revisions.iter().copied().find(|revision| is_controlled_by(pod, revision));
            let is_direct = is_controlled_by(pod, workload);
            let by_label = revisions.iter().copied().find(|revision| is_direct && is_of_revision(pod, revision));
            let revision = by_owner.or(by_label);
            (is_direct || revision.is_some()).then_some(Member { pod, revision })
        };
        let own = pods.iter().map(Arc::as_ref).filter_map(member);
        let (mut members, others): (Vec<_>, Vec<_>) = own.partition(|member| is_counted(member.pod));
        members.sort_by_key(|member| name(member.pod));
        let is_losing = others.iter().any(|member| member.pod.metadata.deletion_timestamp.is_some());
        Self { workload, current: current(workload, &revisions), members, is_losing }
    }

    /// How many instances there should be.
    pub(crate) fn wanted(&self) -> u32 {
        // Only a DaemonSet says so in its status: one for each node that it fits.
        let wanted = number(&self.workload.data, "/status/desiredNumberScheduled");
        let wanted = wanted.or(number(&self.workload.data, "/spec/replicas"));
        let is_daemon = self.workload.types.as_ref().is_some_and(|types| types.kind == "DaemonSet");
        wanted.map_or(u32::from(!is_daemon), |wanted| u32::try_from(wanted).unwrap_or(0))
    }

    /// Whether it is a StatefulSet or DaemonSet with fewer pods than it wants, and none that is being replaced. Workloads of
    /// other kinds say themselves what keeps them from having more.
    pub(crate) fn is_short(&self) -> bool {
        let kind = self.workload.types.as_ref().map(|types| types.kind.as_str());
        let is_one = matches!(kind, Some("StatefulSet" | "DaemonSet"));
        is_one && !self.is_losing && self.members.len() < self.wanted() as usize
    }

    /// The pods of the template that the workload has now: what is wrong with the others passes when they go.
    pub(crate) fn newest(&self) -> impl Iterator<Item = Member<'a>> {
        let uid = self.current.and_then(|revision| revision.metadata.uid.as_deref());
        let is_newest = move |member: &Member<'a>| {
            uid.is_some() && member.revision.and_then(|revision| revision.metadata.uid.as_deref()) == uid
        };
        self.members.iter().copied().filter(is_newest)
    }
}

/// How many pods a workload has that have not ended, those that are on their way out as well.
pub(crate) fn pods_of(
    workload: &DynamicObject,
    revisions: &[Arc<DynamicObject>],
    pods: &[Arc<DynamicObject>],
) -> usize {
    let revisions = revisions.iter().map(Arc::as_ref).filter(|revision| is_controlled_by(revision, workload));
    let owners: Vec<&DynamicObject> = revisions.chain([workload]).collect();
    let is_own = |pod: &&Arc<DynamicObject>| owners.iter().any(|owner| is_controlled_by(pod, owner));
    let runs = |pod: &&Arc<DynamicObject>| !matches!(text(&pod.data, "/status/phase"), Some("Failed" | "Succeeded"));
    pods.iter().filter(is_own).filter(runs).count()
}

/// Whether a controller counts a pod among those that it has: it does not one that ended for good (evicted, say), nor one
/// that is being removed.
fn is_counted(pod: &DynamicObject) -> bool {
    let has_ended = matches!(text(&pod.data, "/status/phase"), Some("Failed" | "Succeeded"));
    pod.metadata.deletion_timestamp.is_none() && !has_ended
}

/// Pods of a StatefulSet or DaemonSet name their ControllerRevision by a label: with its name, or with its hash.
fn is_of_revision(pod: &DynamicObject, revision: &DynamicObject) -> bool {
    const HASH: &str = "controller-revision-hash";
    let Some(hash) = label(pod, HASH) else { return false };
    name(revision) == hash || label(revision, HASH) == Some(hash) || name(revision).ends_with(&format!("-{hash}"))
}

/// The revision whose template is that of the workload; the newest of several. Kubernetes compares them in the same way.
fn current<'a>(workload: &DynamicObject, revisions: &[&'a DynamicObject]) -> Option<&'a DynamicObject> {
    let template = same(workload.data.pointer("/spec/template").unwrap_or(&Value::Null));
    let is_same = |revision: &&&DynamicObject| revision_template(revision).as_ref() == Some(&template);
    let rank = |revision: &&&DynamicObject| (number(&revision.data, "/revision"), made_at(revision));
    let found = revisions.iter().filter(is_same).max_by_key(rank).copied();
    let named = text(&workload.data, "/status/updateRevision");
    let by_name = || revisions.iter().find(|revision| Some(name(revision)) == named).copied();
    found.or_else(|| by_name().filter(|_| is_observed(workload)))
}

/// Whether the controller has seen the workload as it is now, so that its status is about it.
pub(crate) fn is_observed(workload: &DynamicObject) -> bool {
    // A Rollout tells the generation as text.
    let seen = workload.data.pointer("/status/observedGeneration");
    let seen = seen.and_then(|seen| seen.as_i64().or_else(|| seen.as_str()?.parse().ok()));
    workload.metadata.generation.is_none_or(|now| seen.is_some_and(|seen| seen >= now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Arc<DynamicObject> {
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn owned(kind: &str, name: &str, owner: &str, rest: &Value) -> Arc<DynamicObject> {
        let reference = json!({"apiVersion": "apps/v1", "kind": "X", "name": owner, "uid": owner, "controller": true});
        let mut value = json!({"apiVersion": "v1", "kind": kind,
            "metadata": {"name": name, "uid": name, "ownerReferences": [reference]}});
        for (key, field) in rest.as_object().unwrap() {
            match key.as_str() {
                "labels" | "deletionTimestamp" => value["metadata"][key] = field.clone(),
                _ => value[key] = field.clone(),
            }
        }
        object(value)
    }

    fn template(image: &str) -> Value {
        json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": image}]}})
    }

    #[test]
    fn pods_belong_through_their_replica_set_and_those_on_their_way_out_do_not() {
        let web = object(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "uid": "web"}, "spec": {"replicas": 2, "template": template("web:2")}}));
        let sets = [
            owned("ReplicaSet", "web-1", "web", &json!({"spec": {"template": template("web:1")}})),
            owned("ReplicaSet", "web-2", "web", &json!({"spec": {"template": template("web:2")}})),
            owned("ReplicaSet", "other-1", "other", &json!({"spec": {"template": template("web:2")}})),
        ];
        let pods = [
            owned("Pod", "web-2-b", "web-2", &json!({})),
            owned("Pod", "web-1-a", "web-1", &json!({})),
            owned("Pod", "web-1-c", "web-1", &json!({"deletionTimestamp": "2026-11-21T08:00:00Z"})),
            owned("Pod", "web-1-d", "web-1", &json!({"status": {"phase": "Failed", "reason": "Evicted"}})),
            owned("Pod", "other-1-a", "other-1", &json!({})),
        ];
        let family = Family::of(&web, &sets, &pods);
        assert_eq!(family.members.iter().map(|member| name(member.pod)).collect::<Vec<_>>(), ["web-1-a", "web-2-b"]);
        assert_eq!(family.newest().map(|member| name(member.pod)).collect::<Vec<_>>(), ["web-2-b"]);
        assert_eq!((family.wanted(), family.current.map(name)), (2, Some("web-2")));
    }

    #[test]
    fn pods_of_stateful_and_daemon_sets_belong_directly_and_name_their_revision() {
        let agent = object(json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": {"name": "agent", "uid": "agent"}, "spec": {"template": template("agent:1")},
            "status": {"desiredNumberScheduled": 3}}));
        let data = |image: &str| {
            let mut template = template(image);
            template["$patch"] = json!("replace");
            json!({"data": {"spec": {"template": template}}, "revision": 1})
        };
        let revisions = [
            owned("ControllerRevision", "agent-aaa", "agent", &data("agent:1")),
            owned("ControllerRevision", "agent-bbb", "agent", &data("agent:2")),
        ];
        let pods = [
            owned("Pod", "agent-x", "agent", &json!({"labels": {"controller-revision-hash": "bbb"}})),
            owned("Pod", "agent-y", "agent", &json!({"labels": {"controller-revision-hash": "agent-aaa"}})),
            owned("Pod", "agent-z", "agent", &json!({"labels": {"controller-revision-hash": "ccc"}})),
        ];
        let family = Family::of(&agent, &revisions, &pods);
        let revisions: Vec<_> = family.members.iter().map(|member| member.revision.map(name)).collect();
        assert_eq!(revisions, [Some("agent-bbb"), Some("agent-aaa"), None]);
        assert_eq!((family.wanted(), family.current.map(name)), (3, Some("agent-aaa")));
    }

    #[test]
    fn no_pod_is_of_the_newest_template_before_its_revision_is_made() {
        let web = object(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "uid": "web"}, "spec": {"template": template("web:3")}}));
        let sets = [owned("ReplicaSet", "web-1", "web", &json!({"spec": {"template": template("web:1")}}))];
        let pods = [owned("Pod", "web-1-a", "web-1", &json!({}))];
        let family = Family::of(&web, &sets, &pods);
        assert_eq!((family.newest().count(), family.wanted(), family.members.len()), (0, 1, 1));
    }
}
