//! Pods and those that make them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, Resource, kinds, object, record_event};

/// A pod to be made from a template.
#[derive(Debug)]
pub(crate) struct NewPod<'a> {
    pub(crate) resource: &'static Resource,
    pub(crate) owner: &'a Value,
    pub(crate) name: String,
    pub(crate) template: &'a Value,
    /// Labels besides the template's.
    pub(crate) labels: Vec<(&'static str, String)>,
}

impl NewPod<'_> {
    /// Makes it; returns the reason where admission refuses it, with the event that the owner's controller records.
    pub(crate) fn create(self, cluster: &mut Cluster, now: Timestamp) -> Result<(), String> {
        let namespace = object::namespace(self.owner).to_owned();
        let is_numbered = object::text(self.owner, "/kind") == "StatefulSet";
        // Where names are made up, that of the owner stands for them, so that each try says the same and changes nothing.
        let asked = if is_numbered { self.name.clone() } else { format!("{}-", object::name(self.owner)) };
        let told = format!("create Pod {} in StatefulSet {}", self.name, object::name(self.owner));
        if let Some(refusal) = refusal(cluster, &namespace, &asked) {
            let message = match is_numbered {
                true => format!("{told} failed error: {refusal}"),
                false => format!("Error creating: {refusal}"),
            };
            record_event(cluster, self.owner, ["Warning", "FailedCreate", &message], now);
            return Err(refusal);
        }
        let mut pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": object::at(self.template, "/spec")});
        for part in ["labels", "annotations"] {
            object::set(&mut pod, &["metadata", part], object::at(self.template, &format!("/metadata/{part}")));
        }
        for (name, value) in self.labels {
            object::set(&mut pod, &["metadata", "labels", name], json!(value));
        }
        object::set(&mut pod, &["metadata", "name"], json!(self.name));
        object::set(&mut pod, &["metadata", "namespace"], json!(namespace));
        let owner = object::owner_reference(self.resource, self.owner);
        object::set(&mut pod, &["metadata", "ownerReferences"], owner);
        let message = if is_numbered { format!("{told} successful") } else { format!("Created pod: {}", self.name) };
        cluster.store.put(&Key::new(&kinds::PODS, &namespace, &self.name), pod);
        record_event(cluster, self.owner, ["Normal", "SuccessfulCreate", &message], now);
        Ok(())
    }
}

/// Why the API server refuses another pod there; none where it does not.
pub(crate) fn refusal(cluster: &Cluster, namespace: &str, name: &str) -> Option<String> {
    if let Some(message) = cluster.script.refusals.get(namespace) {
        return Some(format!("pods \"{name}\" is forbidden: {message}"));
    }
    cluster.store.list(&kinds::RESOURCE_QUOTAS, namespace).find_map(|(_, quota)| {
        let limit = quota.pointer("/spec/hard/pods")?;
        let limit = limit.as_u64().or_else(|| limit.as_str()?.parse().ok())?;
        let quota = object::name(quota);
        let used = cluster.store.list(&kinds::PODS, namespace).count();
        (used as u64 >= limit).then(|| {
            format!(
                "pods \"{name}\" is forbidden: exceeded quota: {quota}, requested: pods=1, used: pods={used}, limited: pods={limit}"
            )
        })
    })
}

pub(crate) fn is_pod_ready(pod: &Value) -> bool {
    let conditions = object::list(pod, "/status/conditions");
    conditions
        .iter()
        .any(|condition| object::text(condition, "/type") == "Ready" && object::text(condition, "/status") == "True")
}

/// Whether the pod has been ready for so many seconds.
pub(crate) fn is_pod_available(cluster: &Cluster, pod: &Value, seconds: i64, now: Timestamp) -> bool {
    let since = cluster.runs.get(object::uid(pod)).and_then(|run| run.ready_since);
    is_pod_ready(pod) && (seconds == 0 || since.is_some_and(|since| now.duration_since(since).as_secs() >= seconds))
}

/// The pods of a workload of that name, through the ReplicaSets of a Deployment; a pod of that name is its own.
pub(crate) fn pods_of_workload(cluster: &Cluster, namespace: &str, workload: &str) -> Vec<Value> {
    let owner_name = |value: &Value| {
        let key = cluster.store.key_of(object::controller(value))?;
        let owner = cluster.store.get(key)?;
        let above = cluster.store.key_of(object::controller(owner));
        Some([Some(key.name.clone()), above.map(|key| key.name.clone())])
    };
    let is_wanted = |pod: &Value| {
        let owners = owner_name(pod).into_iter().flatten().flatten();
        object::name(pod) == workload || owners.into_iter().any(|name| name == workload)
    };
    cluster.store.list(&kinds::PODS, namespace).map(|(_, pod)| pod).filter(|pod| is_wanted(pod)).cloned().collect()
}

/// Five letters that no other pod's name ends with.
pub(crate) fn suffix(cluster: &mut Cluster) -> String {
    letters(cluster.store.next_id().wrapping_mul(2_654_435_761), 5)
}

/// Letters of the alphabet that Kubernetes uses for generated names.
pub(crate) fn letters(mut number: u64, count: usize) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut text = String::new();
    for _ in 0..count {
        let index = usize::try_from(number % 27).unwrap_or_default();
        text.push(char::from(ALPHABET[index]));
        number /= 27;
    }
    text
}
