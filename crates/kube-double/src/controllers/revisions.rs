//! ControllerRevisions: the history of StatefulSets and DaemonSets.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, Resource, kinds, object};
use crate::controllers::deployment;
use crate::controllers::remove_with_dependents;

/// The label of pods and revisions that says which template they are of.
pub(crate) const HASH: &str = "controller-revision-hash";

/// The revision of the present template, made where there is none and numbered above all others.
pub(crate) fn current(cluster: &mut Cluster, resource: &'static Resource, owner: &Value) -> Value {
    let mut template = object::at(owner, "/spec/template");
    object::set(&mut template, &["$patch"], json!("replace"));
    let data = json!({"spec": {"template": template}});
    let namespace = object::namespace(owner).to_owned();
    let mut known = of_owner(cluster, owner);
    let highest = known.iter().map(number).max().unwrap_or_default();
    let same = known.iter().position(|known| object::stripped(&object::at(known, "/data")) == object::stripped(&data));
    let mut revision = match same {
        Some(index) => known.swap_remove(index),
        None => {
            let hash = deployment::hash(&object::at(owner, "/spec/template"));
            let mut labels = object::at(owner, "/spec/selector/matchLabels");
            object::set(&mut labels, &[HASH], json!(hash));
            json!({
                "apiVersion": "apps/v1", "kind": "ControllerRevision",
                "metadata": {
                    "name": format!("{}-{hash}", object::name(owner)),
                    "namespace": namespace,
                    "labels": labels,
                    "annotations": object::at(owner, "/metadata/annotations"),
                    "ownerReferences": object::owner_reference(resource, owner),
                },
                "data": data,
                "revision": 0,
            })
        }
    };
    if number(&revision) < highest || highest == 0 {
        object::set(&mut revision, &["revision"], json!(highest + 1));
    }
    let key = Key::new(&kinds::CONTROLLER_REVISIONS, &namespace, object::name(&revision));
    cluster.store.put(&key, revision)
}

/// Removes the oldest revisions that are too many, except those that pods are of.
pub(crate) fn clean(cluster: &mut Cluster, owner: &Value, in_use: &[String]) {
    let limit = owner.pointer("/spec/revisionHistoryLimit").and_then(Value::as_u64).unwrap_or(10);
    let mut old = of_owner(cluster, owner);
    old.retain(|revision| !in_use.iter().any(|name| name == object::name(revision)));
    old.sort_by_key(number);
    let surplus = old.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    for revision in old.into_iter().take(surplus) {
        let namespace = object::namespace(owner);
        remove_with_dependents(cluster, &Key::new(&kinds::CONTROLLER_REVISIONS, namespace, object::name(&revision)));
    }
}

/// The template that a revision holds.
pub(crate) fn template(cluster: &Cluster, namespace: &str, revision: &str) -> Option<Value> {
    let found = cluster.store.get(&Key::new(&kinds::CONTROLLER_REVISIONS, namespace, revision))?;
    let mut template = object::at(found, "/data/spec/template");
    object::set(&mut template, &["$patch"], Value::Null);
    Some(template)
}

fn of_owner(cluster: &Cluster, owner: &Value) -> Vec<Value> {
    cluster.store.owned(&kinds::CONTROLLER_REVISIONS, object::uid(owner))
}

fn number(revision: &Value) -> i64 {
    object::number(revision, "/revision")
}
