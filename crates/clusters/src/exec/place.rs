//! The container that programs are run in. Pure.

use kube::core::DynamicObject;

use crate::object::{annotation, condition, list, name, number, text, uid};
use crate::pods::{Family, Member};

/// How a pod says which of its containers is meant where nobody says.
const DEFAULT: &str = "kubectl.kubernetes.io/default-container";

/// A container that runs in a pod that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) pod: String,
    uid: String,
    pub(super) container: String,
    /// How often the container had been started again.
    restarts: i64,
}

impl Place {
    /// The place of a workload.
    ///
    /// | a pod of the template that it has now is ready | one of another template is ready | place           |
    /// |------------------------------------------------|----------------------------------|-----------------|
    /// | yes                                            | any                              | the first of it |
    /// | no                                             | yes                              | that one        |
    /// | no                                             | no                               | none            |
    ///
    /// What was deployed last has the code of all migrations; while it does not come up, what it should have replaced serves.
    pub(super) fn of(family: &Family<'_>) -> Option<Self> {
        let is_ready = |member: &Member<'_>| is_ready(member.pod);
        let newest = family.newest().find(is_ready);
        let pod = newest.or_else(|| family.members.iter().copied().find(is_ready))?.pod;
        let container = container(pod)?.to_owned();
        let restarts = restarts(pod, &container);
        Some(Self { pod: name(pod).to_owned(), uid: uid(pod).to_owned(), container, restarts })
    }

    /// Whether what was started in it has ended with it: by the pod of that name as it is now.
    pub(super) fn is_over(&self, pod: Option<&DynamicObject>) -> bool {
        let Some(pod) = pod.filter(|pod| uid(pod) == self.uid) else { return true };
        let status = list(&pod.data, "/status/containerStatuses").iter();
        let mut status = status.filter(|status| text(status, "/name") == Some(&self.container));
        let has_ended = status.next().is_some_and(|status| status.pointer("/state/terminated").is_some());
        has_ended || restarts(pod, &self.container) > self.restarts
    }
}

fn is_ready(pod: &DynamicObject) -> bool {
    condition(&pod.data, "Ready").and_then(|ready| text(ready, "/status")) == Some("True")
}

/// The container that `kubectl` takes as well: the one that the pod says, else the first.
fn container(pod: &DynamicObject) -> Option<&str> {
    let names = || list(&pod.data, "/spec/containers").iter().filter_map(|container| text(container, "/name"));
    let said = annotation(pod, DEFAULT).filter(|said| names().any(|name| name == *said));
    said.or_else(|| names().next())
}

fn restarts(pod: &DynamicObject, container: &str) -> i64 {
    let mut statuses = list(&pod.data, "/status/containerStatuses").iter();
    let status = statuses.find(|status| text(status, "/name") == Some(container));
    status.and_then(|status| number(status, "/restartCount")).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;

    fn object(value: Value) -> Arc<DynamicObject> {
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn template(image: &str) -> Value {
        json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": image}]}})
    }

    fn owned(kind: &str, name: &str, owner: &str, rest: Value) -> Arc<DynamicObject> {
        let mut value = rest;
        value["apiVersion"] = json!("v1");
        value["kind"] = json!(kind);
        let owners = json!([{"apiVersion": "apps/v1", "kind": "X", "name": owner, "uid": owner, "controller": true}]);
        value["metadata"] = json!({"name": name, "uid": name, "ownerReferences": owners});
        object(value)
    }

    fn pod(name: &str, set: &str, is_ready: bool) -> Arc<DynamicObject> {
        let ready = if is_ready { "True" } else { "False" };
        let spec = json!({"containers": [{"name": "proxy"}, {"name": "app"}]});
        let conditions = json!([{"type": "Ready", "status": ready}]);
        owned("Pod", name, set, json!({"spec": spec, "status": {"conditions": conditions}}))
    }

    fn place(pods: &[Arc<DynamicObject>]) -> Option<String> {
        let web = object(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "uid": "web"}, "spec": {"replicas": 2, "template": template("web:2")}}));
        let sets = ["web:1", "web:2"]
            .map(|image| owned("ReplicaSet", image, "web", json!({"spec": {"template": template(image)}})));
        Place::of(&Family::of(&web, &sets, pods)).map(|place| place.pod)
    }

    #[test]
    fn a_ready_pod_of_what_was_deployed_last_is_taken_and_else_any_that_is_ready() {
        let (old, new) = (pod("a", "web:1", true), pod("b", "web:2", true));
        assert_eq!(place(&[old.clone(), new]).as_deref(), Some("b"));
        assert_eq!(place(&[old, pod("b", "web:2", false)]).as_deref(), Some("a"));
        assert_eq!(place(&[pod("a", "web:1", false), pod("b", "web:2", false)]), None);
        assert_eq!(place(&[]), None);
    }

    #[test]
    fn the_container_is_the_one_that_kubectl_takes() {
        let mut pod = (*pod("a", "web:1", true)).clone();
        assert_eq!(container(&pod), Some("proxy"));
        pod.metadata.annotations = Some([(DEFAULT.to_owned(), "app".to_owned())].into());
        assert_eq!(container(&pod), Some("app"));
        pod.metadata.annotations = Some([(DEFAULT.to_owned(), "gone".to_owned())].into());
        assert_eq!(container(&pod), Some("proxy"));
    }

    #[test]
    fn a_place_is_over_with_its_pod_and_with_its_container() {
        let at = Place { pod: "a".to_owned(), uid: "a".to_owned(), container: "app".to_owned(), restarts: 1 };
        let with = |uid: &str, status: Value| -> DynamicObject {
            let pod = json!({"metadata": {"name": "a", "uid": uid}, "status": {"containerStatuses": [status]}});
            serde_json::from_value(pod).unwrap()
        };
        let running = json!({"name": "app", "restartCount": 1, "state": {"running": {}}});
        assert!(!at.is_over(Some(&with("a", running.clone()))));
        assert!(at.is_over(None) && at.is_over(Some(&with("b", running))));
        assert!(at.is_over(Some(&with("a", json!({"name": "app", "restartCount": 2, "state": {"running": {}}})))));
        assert!(at.is_over(Some(&with("a", json!({"name": "app", "restartCount": 1, "state": {"terminated": {}}})))));
        let other = json!({"name": "proxy", "restartCount": 5, "state": {"terminated": {}}});
        assert!(!at.is_over(Some(&with("a", other))));
    }
}
