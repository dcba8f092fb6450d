//! Which controller looks after which kind.

use jiff::Timestamp;

use crate::cluster::{Cluster, Key, kinds};
use crate::controllers::{
    argo, daemon_set, deployment, endpoints, garbage, job, namespace, pod, replica_set, rollout, stateful_set,
};

/// Brings one object a step further; returns when to look at it again, if time alone will change something.
pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, now: Timestamp) -> Option<Timestamp> {
    if key.is_of(&kinds::PODS) || key.is_of(&kinds::SERVICES) {
        endpoints::follow(cluster, key);
    }
    let object = cluster.store.get(key)?.clone();
    if garbage::is_leaving(cluster, key, &object) {
        return None;
    }
    match key {
        key if key.is_of(&kinds::PODS) => pod::reconcile(cluster, key, object, now),
        key if key.is_of(&kinds::DEPLOYMENTS) => deployment::reconcile(cluster, key, object, now),
        key if key.is_of(&kinds::REPLICA_SETS) => replica_set::reconcile(cluster, key, object, now),
        key if key.is_of(&kinds::STATEFUL_SETS) => stateful_set::reconcile(cluster, key, object, now),
        key if key.is_of(&kinds::DAEMON_SETS) => daemon_set::reconcile(cluster, key, object, now),
        key if key.is_of(&kinds::JOBS) => job::reconcile(cluster, key, object, now),
        key if key.is_of(&kinds::NAMESPACES) => namespace::reconcile(cluster, &object),
        key if key.is_of(&kinds::ROLLOUTS) => rollout::reconcile(cluster, key, object, now),
        key if key.is_of(&kinds::APPLICATIONS) => argo::reconcile(cluster, key, object, now),
        _ => None,
    }
}
