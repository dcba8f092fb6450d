//! Deleting: what waits for finalizers, what goes with its owner.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, clock, kinds, object};

/// Deletes an object: at once, or (with finalizers) once those are gone. `orphan` leaves what it controls.
pub(crate) fn delete(cluster: &mut Cluster, key: &Key, orphan: bool) {
    let Some(mut found) = cluster.store.get(key).cloned() else { return };
    let waits = !object::list(&found, "/metadata/finalizers").is_empty();
    if waits || key.is_of(&kinds::NAMESPACES) {
        object::set(&mut found, &["metadata", "deletionTimestamp"], json!(clock::text(clock::now())));
        if key.is_of(&kinds::NAMESPACES) {
            object::set(&mut found, &["status", "phase"], json!("Terminating"));
        }
        cluster.store.put(key, found);
    } else if orphan {
        release(cluster, &found);
        cluster.store.remove(key);
    } else {
        remove_with_dependents(cluster, key);
    }
}

/// Removes an object that is being deleted and has no finalizer left; says whether it is on its way out.
pub(crate) fn is_leaving(cluster: &mut Cluster, key: &Key, found: &Value) -> bool {
    let is_leaving = !object::text(found, "/metadata/deletionTimestamp").is_empty() && !key.is_of(&kinds::NAMESPACES);
    if is_leaving && object::list(found, "/metadata/finalizers").is_empty() {
        remove_with_dependents(cluster, key);
    }
    is_leaving
}

/// Removes an object and everything it owns.
pub(crate) fn remove_with_dependents(cluster: &mut Cluster, key: &Key) {
    let Some(gone) = cluster.store.remove(key) else { return };
    cluster.runs.remove(object::uid(&gone));
    cluster.progress.remove(object::uid(&gone));
    for dependent in dependents(cluster, &gone) {
        delete(cluster, &dependent, false);
    }
}

fn dependents(cluster: &Cluster, owner: &Value) -> Vec<Key> {
    cluster.store.dependents(object::uid(owner)).cloned().collect()
}

fn release(cluster: &mut Cluster, owner: &Value) {
    for key in dependents(cluster, owner) {
        let Some(mut value) = cluster.store.get(&key).cloned() else { continue };
        let mut references = object::list(&value, "/metadata/ownerReferences").to_vec();
        references.retain(|reference| object::text(reference, "/uid") != object::uid(owner));
        object::set(&mut value, &["metadata", "ownerReferences"], json!(references));
        cluster.store.put(&key, value);
    }
}
