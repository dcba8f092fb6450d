//! StatefulSets: numbered pods, one after the other.
//!
//! As in Kubernetes, with `OrderedReady` nothing goes on past a pod that is not ready, not even the way back: a broken pod
//! has to be deleted by whoever goes back ("Forced rollback" in Kubernetes' documentation).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, after, kinds, object};
use crate::controllers::ownership::{NewPod, is_pod_available, is_pod_ready};
use crate::controllers::{remove_with_dependents, revisions};
use crate::script::milliseconds;

/// The set and what it consists of at one look.
struct Look {
    set: Value,
    /// The revision of the present template.
    update: String,
    /// The revision before it, until all pods are of the present one.
    current: String,
    /// The pod of each number below the count of replicas.
    pods: Vec<Option<Value>>,
    /// Pods of higher numbers, highest first.
    surplus: Vec<Value>,
}

pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, set: Value, now: Timestamp) -> Option<Timestamp> {
    let mut look = look(cluster, set);
    let refused = step(cluster, key, &look, now);
    look.pods = numbered(cluster, &look.set).0;
    let seconds = object::number(&look.set, "/spec/minReadySeconds");
    let waits =
        look.pods.iter().flatten().any(|pod| is_pod_ready(pod) && !is_pod_available(cluster, pod, seconds, now));
    let is_waiting = refused || waits;
    count(cluster, &mut look, now);
    let in_use: Vec<String> =
        look.pods.iter().flatten().map(|pod| object::label(pod, revisions::HASH).to_owned()).collect();
    let in_use: Vec<String> = in_use.into_iter().chain([look.update.clone(), look.current.clone()]).collect();
    revisions::clean(cluster, &look.set, &in_use);
    cluster.store.put(key, look.set);
    is_waiting.then(|| after(now, milliseconds(200)))
}

fn look(cluster: &mut Cluster, set: Value) -> Look {
    let update = object::name(&revisions::current(cluster, &kinds::STATEFUL_SETS, &set)).to_owned();
    let current = object::text(&set, "/status/currentRevision").to_owned();
    let current = if current.is_empty() { update.clone() } else { current };
    let (pods, surplus) = numbered(cluster, &set);
    Look { set, update, current, pods, surplus }
}

fn numbered(cluster: &Cluster, set: &Value) -> (Vec<Option<Value>>, Vec<Value>) {
    let replicas = usize::try_from(object::number(set, "/spec/replicas")).unwrap_or_default();
    let mut pods: Vec<Option<Value>> = vec![None; replicas];
    let mut surplus = Vec::new();
    for pod in cluster.store.owned(&kinds::PODS, object::uid(set)) {
        let ordinal = ordinal(&pod);
        match pods.get_mut(ordinal) {
            Some(place) => *place = Some(pod),
            None => surplus.push(pod),
        }
    }
    surplus.sort_by_key(|pod| std::cmp::Reverse(ordinal(pod)));
    (pods, surplus)
}

fn ordinal(pod: &Value) -> usize {
    object::name(pod).rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Takes the next step; says whether a pod was refused.
fn step(cluster: &mut Cluster, key: &Key, look: &Look, now: Timestamp) -> bool {
    let is_ordered = object::text(&look.set, "/spec/podManagementPolicy") != "Parallel";
    let partition = object::number(&look.set, "/spec/updateStrategy/rollingUpdate/partition");
    for (index, pod) in look.pods.iter().enumerate() {
        let is_old = i64::try_from(index).unwrap_or(i64::MAX) < partition;
        match pod {
            None => {
                let revision = if is_old { &look.current } else { &look.update };
                if make(cluster, key, look, (index, revision), now).is_err() {
                    return true;
                }
                if is_ordered {
                    return false;
                }
            }
            Some(pod) if is_ordered && !is_pod_ready(pod) => return false,
            Some(_) => {}
        }
    }
    if let Some(last) = look.surplus.first() {
        remove_pod(cluster, last);
        return false;
    }
    if object::text(&look.set, "/spec/updateStrategy/type") != "OnDelete" {
        exchange(cluster, look, partition);
    }
    false
}

/// Takes away the highest pod of another revision; it is made anew. Goes on only past pods that are ready.
fn exchange(cluster: &mut Cluster, look: &Look, partition: i64) {
    for (index, pod) in look.pods.iter().enumerate().rev() {
        let Some(pod) = pod else { return };
        if i64::try_from(index).unwrap_or(i64::MAX) < partition {
            return;
        }
        if object::label(pod, revisions::HASH) != look.update {
            remove_pod(cluster, pod);
            return;
        }
        if !is_pod_ready(pod) {
            return;
        }
    }
}

fn remove_pod(cluster: &mut Cluster, pod: &Value) {
    remove_with_dependents(cluster, &Key::new(&kinds::PODS, object::namespace(pod), object::name(pod)));
}

fn make(
    cluster: &mut Cluster,
    key: &Key,
    look: &Look,
    (index, revision): (usize, &str),
    now: Timestamp,
) -> Result<(), String> {
    let template = revisions::template(cluster, &key.namespace, revision)
        .unwrap_or_else(|| object::at(&look.set, "/spec/template"));
    let name = format!("{}-{index}", key.name);
    let labels = vec![
        (revisions::HASH, revision.to_owned()),
        ("statefulset.kubernetes.io/pod-name", name.clone()),
        ("apps.kubernetes.io/pod-index", index.to_string()),
    ];
    let pod = NewPod { resource: &kinds::STATEFUL_SETS, owner: &look.set, name, template: &template, labels };
    pod.create(cluster, now)
}

fn count(cluster: &Cluster, look: &mut Look, now: Timestamp) {
    let pods: Vec<&Value> = look.pods.iter().flatten().collect();
    let seconds = object::number(&look.set, "/spec/minReadySeconds");
    let of = |revision: &str| pods.iter().filter(|pod| object::label(pod, revisions::HASH) == revision).count();
    let ready = pods.iter().filter(|pod| is_pod_ready(pod)).count();
    let available = pods.iter().filter(|pod| is_pod_available(cluster, pod, seconds, now)).count();
    let (all, updated) = (pods.len(), of(&look.update));
    // All pods are of the new revision and serve: it is the current one now.
    if updated == all && available == all && look.surplus.is_empty() && all == look.pods.len() {
        look.current.clone_from(&look.update);
    }
    let status = json!({
        "observedGeneration": object::at(&look.set, "/metadata/generation"),
        "replicas": all,
        "readyReplicas": ready,
        "availableReplicas": available,
        "currentReplicas": of(&look.current),
        "updatedReplicas": updated,
        "currentRevision": look.current,
        "updateRevision": look.update,
        "collisionCount": 0,
    });
    object::set(&mut look.set, &["status"], status);
}
