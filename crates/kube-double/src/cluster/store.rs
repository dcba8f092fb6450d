//! Objects by their keys, each change with a number of its own, kept for watches.
//!
//! Contract: a write that changes nothing is no change. `resourceVersion`, `uid`, `creationTimestamp` and `generation`
//! are set here and nowhere else. Every change marks the object and the one that controls it to be looked at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cluster::{Key, Resource, clock, object};

/// One change: what was, what is.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: Key,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// All objects.
#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Value>,
    by_uid: BTreeMap<String, Key>,
    /// The dependents of each object, by its id.
    by_owner: BTreeMap<String, BTreeSet<Key>>,
    changes: Vec<Change>,
    revision: u64,
    /// Watches from a revision before this one are told that it is gone.
    expired_before: u64,
    ids: u64,
    /// What the controllers have not looked at since it changed.
    pub(crate) unseen: BTreeSet<Key>,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            by_uid: BTreeMap::new(),
            by_owner: BTreeMap::new(),
            changes: Vec::new(),
            revision: 100,
            expired_before: 0,
            ids: 0,
            unseen: BTreeSet::new(),
        }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    /// The key of the object with that id.
    pub(crate) fn key_of(&self, uid: &str) -> Option<&Key> {
        self.by_uid.get(uid)
    }

    /// All objects of one kind, of one namespace or (an empty one) of all, sorted.
    pub(crate) fn list<'a>(
        &'a self,
        resource: &'a Resource,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Value)> {
        let first = Key::new(resource, namespace, "");
        let is_wanted =
            move |key: &Key| key.is_of(resource) && (namespace.is_empty() || key.namespace == first.namespace);
        let start = Key::new(resource, namespace, "");
        self.objects.range(start..).take_while(move |(key, _)| is_wanted(key))
    }

    /// The keys of all objects in a namespace.
    pub(crate) fn keys_in(&self, namespace: &str) -> Vec<Key> {
        self.objects.keys().filter(|key| key.namespace == namespace && !namespace.is_empty()).cloned().collect()
    }

    /// The objects of one kind that the object of that id controls.
    pub(crate) fn owned(&self, resource: &Resource, uid: &str) -> Vec<Value> {
        let keys = self.dependents(uid).filter(|key| key.is_of(resource));
        let values = keys.filter_map(|key| self.objects.get(key));
        values.filter(|value| object::controller(value) == uid).cloned().collect()
    }

    /// The keys of all that names the object of that id as an owner.
    pub(crate) fn dependents(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.by_owner.get(uid).into_iter().flatten()
    }

    /// Stores an object and returns it as stored.
    pub(crate) fn put(&mut self, key: &Key, mut value: Value) -> Value {
        let before = self.objects.get(key).cloned();
        match &before {
            Some(before) => {
                carry(before, &mut value);
                if is_same(before, &value) {
                    return before.clone();
                }
            }
            None => self.begin(key, &mut value),
        }
        self.revision += 1;
        object::set(&mut value, &["metadata", "resourceVersion"], json!(self.revision.to_string()));
        self.objects.insert(key.clone(), value.clone());
        self.note(key, before, Some(value.clone()));
        value
    }

    /// Removes an object and returns what it was.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Value> {
        let mut before = self.objects.remove(key)?;
        self.by_uid.remove(object::uid(&before));
        self.revision += 1;
        object::set(&mut before, &["metadata", "resourceVersion"], json!(self.revision.to_string()));
        self.note(key, Some(before.clone()), None);
        Some(before)
    }

    /// The changes after a revision; none where that is too long ago.
    pub(crate) fn changes_since(&self, revision: u64) -> Option<&[Change]> {
        if revision < self.expired_before {
            return None;
        }
        let first = self.changes.partition_point(|change| change.revision <= revision);
        Some(&self.changes[first..])
    }

    /// Forgets the changes so far: watches from before now are told that their revision is gone.
    pub(crate) fn expire(&mut self) {
        self.revision += 1;
        self.expired_before = self.revision;
        self.changes.clear();
    }

    /// A number that was not given out before.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn begin(&mut self, key: &Key, value: &mut Value) {
        let id = self.next_id();
        let digest = Sha256::digest(format!("{key:?}{id}{}", clock::now()));
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let uid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        self.by_uid.insert(uid.clone(), key.clone());
        object::set(value, &["metadata", "uid"], json!(uid));
        object::set(value, &["metadata", "creationTimestamp"], json!(clock::text(clock::now())));
        object::set(value, &["metadata", "generation"], json!(1));
    }

    fn note(&mut self, key: &Key, before: Option<Value>, after: Option<Value>) {
        let owners = |value: &Value| {
            let references = object::list(value, "/metadata/ownerReferences").iter();
            references.map(|reference| object::text(reference, "/uid").to_owned()).collect::<Vec<_>>()
        };
        for uid in before.iter().flat_map(owners) {
            self.by_owner.entry(uid).or_default().remove(key);
        }
        for uid in after.iter().flat_map(owners) {
            self.by_owner.entry(uid).or_default().insert(key.clone());
        }
        self.unseen.insert(key.clone());
        let owners = [&before, &after].into_iter().flatten().map(object::controller);
        let owners: Vec<Key> = owners.filter_map(|uid| self.by_uid.get(uid).cloned()).collect();
        self.unseen.extend(owners);
        self.changes.push(Change { revision: self.revision, key: key.clone(), before, after });
    }
}

/// What stays as it was when an object is written anew. The generation counts changes of anything but metadata and status.
fn carry(before: &Value, value: &mut Value) {
    for field in ["uid", "creationTimestamp", "resourceVersion"] {
        object::set(value, &["metadata", field], object::at(before, &format!("/metadata/{field}")));
    }
    let generation = object::number(before, "/metadata/generation") + i64::from(desired(before) != desired(value));
    object::set(value, &["metadata", "generation"], json!(generation));
}

fn desired(value: &Value) -> Value {
    let mut value = value.clone();
    object::set(&mut value, &["metadata"], Value::Null);
    object::set(&mut value, &["status"], Value::Null);
    value
}

/// The same but for who said so, and when.
fn is_same(before: &Value, value: &Value) -> bool {
    let plain = |value: &Value| {
        let mut value = value.clone();
        let managers = object::list(&value, "/metadata/managedFields").to_vec();
        let untimed = managers.into_iter().map(|mut entry| {
            object::set(&mut entry, &["time"], Value::Null);
            entry
        });
        let untimed = Value::Array(untimed.collect());
        object::set(&mut value, &["metadata", "managedFields"], untimed);
        value
    };
    plain(before) == plain(value)
}
