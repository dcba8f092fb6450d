//! Revisions of a Deployment: its ReplicaSets, their numbers, and how many are kept.
//!
//! Going back to a template gives its ReplicaSet a new number, so that the one gone back to disappears from the history:
//! 1, 2, 3 becomes 1, 3, 4.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cluster::{Cluster, Key, kinds, object};
use crate::controllers::ownership::letters;
use crate::controllers::{remove_with_dependents, replica_set};

/// The annotation with the number.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Annotations of a Deployment that its ReplicaSets do not take over.
const OWN: [&str; 4] = [
    REVISION,
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision-history",
    "deprecated.deployment.rollback.to",
];

pub(crate) fn revision(object: &Value) -> i64 {
    object::annotation(object, REVISION).parse().unwrap_or_default()
}

/// The ReplicaSet of the present template, if there is one, and the others.
pub(crate) fn split(sets: Vec<Value>, deployment: &Value) -> (Option<Value>, Vec<Value>) {
    let wanted = object::stripped(&object::at(deployment, "/spec/template"));
    let (mut same, others): (Vec<Value>, Vec<Value>) =
        sets.into_iter().partition(|set| object::stripped(&object::at(set, "/spec/template")) == wanted);
    (same.pop(), others)
}

/// The ReplicaSet of the present template, made where there is none, with the highest number of all.
pub(crate) fn current(
    cluster: &mut Cluster,
    key: &Key,
    deployment: &mut Value,
    (found, others): (Option<Value>, &[Value]),
) -> Value {
    let highest = others.iter().map(revision).max().unwrap_or_default();
    let mut set = found.unwrap_or_else(|| make(key, deployment));
    let number = revision(&set).max(highest + 1);
    let before = revision(&set);
    if before != 0 && before != number {
        let old = object::annotation(&set, "deployment.kubernetes.io/revision-history").to_owned();
        let old = if old.is_empty() { before.to_string() } else { format!("{old},{before}") };
        object::set(&mut set, &["metadata", "annotations", "deployment.kubernetes.io/revision-history"], json!(old));
    }
    let annotations = object::at(deployment, "/metadata/annotations");
    for (name, value) in annotations.as_object().into_iter().flatten() {
        if !OWN.contains(&name.as_str()) {
            object::set(&mut set, &["metadata", "annotations", name], value.clone());
        }
    }
    object::set(&mut set, &["metadata", "annotations", REVISION], json!(number.to_string()));
    let desired = object::at(deployment, "/spec/replicas").to_string();
    object::set(&mut set, &["metadata", "annotations", "deployment.kubernetes.io/desired-replicas"], json!(desired));
    object::set(deployment, &["metadata", "annotations", REVISION], json!(number.to_string()));
    let key = Key::new(&kinds::REPLICA_SETS, &key.namespace, object::name(&set));
    cluster.store.put(&key, set)
}

fn make(key: &Key, deployment: &Value) -> Value {
    let hash = hash(&object::at(deployment, "/spec/template"));
    let mut set = replica_set::of_template(key, (&kinds::DEPLOYMENTS, deployment), "pod-template-hash", &hash);
    object::set(&mut set, &["spec", "minReadySeconds"], object::at(deployment, "/spec/minReadySeconds"));
    set
}

/// The `pod-template-hash` of a template.
pub(crate) fn hash(template: &Value) -> String {
    let digest = Sha256::digest(object::stripped(template).to_string());
    letters(digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)), 10)
}

/// Removes the oldest of the ReplicaSets without pods that are too many.
pub(crate) fn clean(cluster: &mut Cluster, deployment: &Value, others: &[Value]) {
    let limit = deployment.pointer("/spec/revisionHistoryLimit").and_then(Value::as_u64).unwrap_or(10);
    let is_empty =
        |set: &&Value| object::number(set, "/spec/replicas") == 0 && object::number(set, "/status/replicas") == 0;
    let mut empty: Vec<&Value> = others.iter().filter(is_empty).collect();
    empty.sort_by_key(|set| revision(set));
    let surplus = empty.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    for set in empty.into_iter().take(surplus) {
        remove_with_dependents(cluster, &Key::new(&kinds::REPLICA_SETS, object::namespace(set), object::name(set)));
    }
}
