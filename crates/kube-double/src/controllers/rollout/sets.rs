//! ReplicaSets of a Rollout.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, kinds, object};
use crate::controllers::{deployment, replica_set};

/// The label that says which template they are of.
const HASH: &str = "rollouts-pod-template-hash";
const REVISION: &str = "rollout.argoproj.io/revision";

/// That of the template with the hash, made where there is none, and the others.
pub(super) fn split(cluster: &mut Cluster, key: &Key, rollout: &Value, hash: &str) -> (Value, Vec<Value>) {
    let sets = cluster.store.owned(&kinds::REPLICA_SETS, object::uid(rollout));
    let (mut same, others): (Vec<Value>, Vec<Value>) =
        sets.into_iter().partition(|set| object::label(set, HASH) == hash);
    let revision = |set: &Value| object::annotation(set, REVISION).parse::<u64>().unwrap_or_default();
    let next = others.iter().map(revision).max().unwrap_or_default() + 1;
    let mut newest =
        same.pop().unwrap_or_else(|| replica_set::of_template(key, (&kinds::ROLLOUTS, rollout), HASH, hash));
    if revision(&newest) < next {
        object::set(&mut newest, &["metadata", "annotations", REVISION], json!(next.to_string()));
    }
    let key = Key::new(&kinds::REPLICA_SETS, &key.namespace, object::name(&newest));
    (cluster.store.put(&key, newest), others)
}

/// Brings the counts nearer to what is wanted: new pods come first, and old ones go once those serve. Says whether they are as
/// wanted.
pub(super) fn scale(
    cluster: &mut Cluster,
    (newest, others): (&Value, &[Value]),
    rollout: &Value,
    (desired, weight): (i64, i64),
) -> bool {
    let serving = |set: &Value| object::number(set, "/status/availableReplicas");
    let stable_hash = object::text(rollout, "/status/stableRS");
    let new = (desired * weight + 99) / 100;
    let old = desired - new;
    let stable = others.iter().find(|set| object::label(set, HASH) == stable_hash);
    if weight == 0 {
        // What is taken away goes once the stable ones serve.
        let stable_serves = stable.is_none_or(|stable| serving(stable) >= old);
        let kept = if stable_serves { 0 } else { object::number(newest, "/spec/replicas") };
        deployment::scale(cluster, newest, kept);
    } else {
        deployment::scale(cluster, newest, new);
    }
    let new_serves = serving(newest) >= new;
    for set in others {
        let is_stable = stable.is_some_and(|stable| object::name(stable) == object::name(set));
        let wanted = if is_stable { old } else { 0 };
        let present = object::number(set, "/spec/replicas");
        deployment::scale(cluster, set, if new_serves { wanted } else { present.max(wanted) });
    }
    let of_stable = stable.map_or(0, |stable| object::number(stable, "/status/replicas"));
    new_serves && (stable.is_none() || of_stable == old)
}
