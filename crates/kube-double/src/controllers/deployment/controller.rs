//! One look at a Deployment.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, kinds, object};
use crate::controllers::deployment::{history, rolling, status};

/// Finds or makes the ReplicaSet of the template, shifts replicas one step, and writes the status.
///
/// A paused Deployment is only scaled and counted, never given a new ReplicaSet.
pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, deployment: Value, now: Timestamp) -> Option<Timestamp> {
    let mut deployment = deployment;
    let sets = cluster.store.owned(&kinds::REPLICA_SETS, object::uid(&deployment));
    let is_paused = object::is_true(&deployment, "/spec/paused");
    let (newest, others) = history::split(sets, &deployment);
    let newest = match newest {
        Some(set) if is_paused => Some(set),
        None if is_paused => None,
        found => Some(history::current(cluster, key, &mut deployment, (found, &others))),
    };
    if is_paused {
        scale_paused(cluster, &deployment, newest.iter().chain(&others));
    } else if let Some(newest) = &newest {
        rolling::step(cluster, &deployment, newest, &others, now);
        history::clean(cluster, &deployment, &others);
    }
    let due = status::write(cluster, &mut deployment, newest.as_ref(), now);
    cluster.store.put(key, deployment);
    due
}

/// While paused, only the one ReplicaSet that runs follows the count.
fn scale_paused<'a>(cluster: &mut Cluster, deployment: &Value, sets: impl Iterator<Item = &'a Value>) {
    let running: Vec<&Value> = sets.filter(|set| object::number(set, "/spec/replicas") > 0).collect();
    if let [only] = running[..] {
        let replicas = object::number(deployment, "/spec/replicas");
        scale(cluster, only, replicas);
    }
}

/// Writes a ReplicaSet's count.
pub(crate) fn scale(cluster: &mut Cluster, set: &Value, replicas: i64) {
    let key = Key::new(&kinds::REPLICA_SETS, object::namespace(set), object::name(set));
    let Some(mut set) = cluster.store.get(&key).cloned() else { return };
    object::set(&mut set, &["spec", "replicas"], json!(replicas));
    cluster.store.put(&key, set);
}
