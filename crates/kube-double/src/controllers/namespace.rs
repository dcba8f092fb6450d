//! Namespaces: what every one of them has, and their end.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, after, clock, kinds, object};
use crate::controllers::{delete, remove_with_dependents};

/// When it is looked again at one that something is left in.
const AGAIN: Duration = Duration::from_millis(50);

/// Gives a new namespace what each has; empties and removes one that is being deleted.
pub(crate) fn reconcile(cluster: &mut Cluster, namespace: &Value) -> Option<Timestamp> {
    let name = object::name(namespace).to_owned();
    if object::text(namespace, "/status/phase") == "Terminating" {
        return end(cluster, &name);
    }
    let account = Key::new(&kinds::SERVICE_ACCOUNTS, &name, "default");
    if cluster.store.get(&account).is_none() {
        let metadata = json!({"name": "default", "namespace": name});
        cluster.store.put(&account, json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}));
    }
    let certificate = Key::new(&kinds::CONFIG_MAPS, &name, "kube-root-ca.crt");
    if cluster.store.get(&certificate).is_none() {
        let metadata = json!({"name": "kube-root-ca.crt", "namespace": name});
        let data = json!({"ca.crt": "none: the double speaks plain HTTP\n"});
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        cluster.store.put(&certificate, map);
    }
    None
}

/// Removes what is in a namespace, and then itself. What has finalizers is waited for.
fn end(cluster: &mut Cluster, name: &str) -> Option<Timestamp> {
    for key in cluster.store.keys_in(name) {
        let found = cluster.store.get(&key);
        let waits = found.is_some_and(|found| !object::list(found, "/metadata/finalizers").is_empty());
        let is_told = found.is_some_and(|found| !object::text(found, "/metadata/deletionTimestamp").is_empty());
        match (waits, is_told) {
            (true, true) => {}
            (true, false) => delete(cluster, &key, false),
            (false, _) => remove_with_dependents(cluster, &key),
        }
    }
    if !cluster.store.keys_in(name).is_empty() {
        return Some(after(clock::now(), AGAIN));
    }
    cluster.store.remove(&Key::new(&kinds::NAMESPACES, "", name));
    None
}
