//! Namespaces: what every one of them has, and their end.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, kinds, object};
use crate::controllers::remove_with_dependents;

/// Gives a new namespace what each has; empties and removes one that is being deleted.
pub(crate) fn reconcile(cluster: &mut Cluster, namespace: &Value) -> Option<Timestamp> {
    let name = object::name(namespace).to_owned();
    if object::text(namespace, "/status/phase") == "Terminating" {
        for key in cluster.store.keys_in(&name) {
            remove_with_dependents(cluster, &key);
        }
        cluster.store.remove(&Key::new(&kinds::NAMESPACES, "", &name));
        return None;
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
