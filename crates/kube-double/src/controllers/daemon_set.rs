//! DaemonSets: a pod on each node; the double has one node.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, after, kinds, object};
use crate::controllers::ownership::{NewPod, is_pod_available, is_pod_ready, suffix};
use crate::controllers::{remove_with_dependents, revisions};
use crate::script::milliseconds;

pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, mut set: Value, now: Timestamp) -> Option<Timestamp> {
    let revision = revisions::current(cluster, &kinds::DAEMON_SETS, &set);
    let hash = object::label(&revision, revisions::HASH).to_owned();
    let pods = cluster.store.owned(&kinds::PODS, object::uid(&set));
    let is_replaced = object::text(&set, "/spec/updateStrategy/type") != "OnDelete";
    for pod in pods.iter().filter(|pod| is_replaced && object::label(pod, revisions::HASH) != hash) {
        remove_with_dependents(cluster, &Key::new(&kinds::PODS, &key.namespace, object::name(pod)));
    }
    let mut refused = false;
    if cluster.store.owned(&kinds::PODS, object::uid(&set)).is_empty() {
        let name = format!("{}-{}", key.name, suffix(cluster));
        let template = object::at(&set, "/spec/template");
        let labels = vec![(revisions::HASH, hash.clone()), ("pod-template-generation", generation(&set))];
        let pod = NewPod { resource: &kinds::DAEMON_SETS, owner: &set, name, template: &template, labels };
        refused = pod.create(cluster, now).is_err();
    }
    let waits = count(cluster, &mut set, &hash, now);
    let in_use: Vec<String> = [object::name(&revision).to_owned()].into_iter().collect();
    revisions::clean(cluster, &set, &in_use);
    cluster.store.put(key, set);
    (refused || waits).then(|| after(now, milliseconds(200)))
}

fn generation(set: &Value) -> String {
    object::number(set, "/metadata/generation").to_string()
}

/// Writes the status; says whether a pod is ready but not yet for long enough.
fn count(cluster: &Cluster, set: &mut Value, hash: &str, now: Timestamp) -> bool {
    let pods = cluster.store.owned(&kinds::PODS, object::uid(set));
    let seconds = object::number(set, "/spec/minReadySeconds");
    let ready = pods.iter().filter(|pod| is_pod_ready(pod)).count();
    let available = pods.iter().filter(|pod| is_pod_available(cluster, pod, seconds, now)).count();
    let updated = pods.iter().filter(|pod| object::label(pod, revisions::HASH) == hash).count();
    let mut status = json!({
        "observedGeneration": object::at(set, "/metadata/generation"),
        "desiredNumberScheduled": 1,
        "currentNumberScheduled": pods.len(),
        "updatedNumberScheduled": updated,
        "numberReady": ready,
        "numberAvailable": available,
        "numberMisscheduled": 0,
    });
    if available == 0 {
        object::set(&mut status, &["numberUnavailable"], json!(1));
        object::set(&mut status, &["numberAvailable"], Value::Null);
    }
    object::set(set, &["status"], status);
    available < ready
}
