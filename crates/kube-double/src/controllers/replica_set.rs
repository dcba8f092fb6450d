//! ReplicaSets: as many pods as they ask for.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, Resource, after, kinds, object, set_condition};
use crate::controllers::ownership::{NewPod, is_pod_available, is_pod_ready, suffix};
use crate::controllers::remove_with_dependents;
use crate::script::milliseconds;

/// Makes or removes pods, and counts them.
pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, mut set: Value, now: Timestamp) -> Option<Timestamp> {
    let desired = usize::try_from(object::number(&set, "/spec/replicas")).unwrap_or_default();
    let mut pods = cluster.store.owned(&kinds::PODS, object::uid(&set));
    // Those that serve nobody go first, then the newest.
    pods.sort_by_key(|pod| (!is_pod_ready(pod), object::number(pod, "/metadata/generation")));
    for pod in pods.iter().skip(desired).rev() {
        remove_with_dependents(cluster, &Key::new(&kinds::PODS, &key.namespace, object::name(pod)));
    }
    let template = object::at(&set, "/spec/template");
    let mut refused = String::new();
    for _ in pods.len()..desired {
        let name = format!("{}-{}", key.name, suffix(cluster));
        let pod = NewPod { resource: &kinds::REPLICA_SETS, owner: &set, name, template: &template, labels: Vec::new() };
        if let Err(reason) = pod.create(cluster, now) {
            refused = reason;
            break;
        }
    }
    let status = if refused.is_empty() { "" } else { "True" };
    set_condition(&mut set, ["ReplicaFailure", status, "FailedCreate", &refused], now);
    let waits = count(cluster, &mut set, now);
    cluster.store.put(key, set);
    (waits || !refused.is_empty()).then(|| after(now, milliseconds(200)))
}

/// A new one without pods, for the template that its owner has now; the label with the hash tells it from the owner's others.
pub(crate) fn of_template(key: &Key, owner: (&'static Resource, &Value), label: &str, hash: &str) -> Value {
    let (resource, owner) = owner;
    let mut template = object::at(owner, "/spec/template");
    object::set(&mut template, &["metadata", "labels", label], json!(hash));
    let mut selector = object::at(owner, "/spec/selector");
    object::set(&mut selector, &["matchLabels", label], json!(hash));
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", key.name),
            "namespace": key.namespace,
            "labels": object::at(&template, "/metadata/labels"),
            "annotations": {},
            "ownerReferences": object::owner_reference(resource, owner),
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    })
}

/// Writes the counts into the status; says whether a pod is ready but not yet for long enough.
fn count(cluster: &Cluster, set: &mut Value, now: Timestamp) -> bool {
    let pods = cluster.store.owned(&kinds::PODS, object::uid(set));
    let seconds = object::number(set, "/spec/minReadySeconds");
    let ready = pods.iter().filter(|pod| is_pod_ready(pod)).count();
    let available = pods.iter().filter(|pod| is_pod_available(cluster, pod, seconds, now)).count();
    let counts = [
        ("replicas", pods.len()),
        ("fullyLabeledReplicas", pods.len()),
        ("readyReplicas", ready),
        ("availableReplicas", available),
    ];
    for (name, count) in counts {
        // Kubernetes leaves zeros out, except for the count of all.
        let value = if count == 0 && name != "replicas" { Value::Null } else { json!(count) };
        object::set(set, &["status", name], value);
    }
    let generation = object::at(set, "/metadata/generation");
    object::set(set, &["status", "observedGeneration"], generation);
    available < ready
}
