//! Server-side apply and `metadata.managedFields`.
//!
//! A field that a manager applied before and does not apply now goes, unless another manager has it too. A field that
//! another manager has with another value is a conflict, unless the manager forces it and takes it over. Fields that a
//! write other than an apply changes are taken over by the one who writes.

use serde_json::{Value, json};

use crate::cluster::{Resource, clock, object};
use crate::patch::{FieldSet, strategic};

/// What was applied, and by whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Apply<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) manager: &'a str,
    pub(crate) is_forced: bool,
}

/// The object after the apply; the message of the conflicts where there are any.
pub(crate) fn apply(live: Option<&Value>, applied: &Value, by: Apply<'_>) -> Result<Value, String> {
    let is_built_in = by.resource.is_built_in();
    let mut applied = applied.clone();
    object::set(&mut applied, &["metadata", "managedFields"], Value::Null);
    let wanted = FieldSet::of(&applied, is_built_in);
    let mut managers = live.map(managers).unwrap_or_default();
    let live = live.cloned().unwrap_or_default();
    let is_ours = |entry: &Entry| entry.manager == by.manager && entry.operation == "Apply";
    let changed = wanted.differing(&applied, &live);
    let mut conflicts = Vec::new();
    for entry in managers.iter_mut().filter(|entry| !is_ours(entry)) {
        let theirs = entry.fields.minus(&entry.fields.minus(&changed));
        if !theirs.is_empty() {
            conflicts.push((entry.manager.clone(), theirs.names()));
            entry.fields = entry.fields.minus(&theirs);
        }
    }
    if !conflicts.is_empty() && !by.is_forced {
        return Err(told(&conflicts));
    }
    let before = managers.iter().find(|entry| is_ours(entry)).map(|entry| entry.fields.clone()).unwrap_or_default();
    let others = managers
        .iter()
        .filter(|entry| !is_ours(entry))
        .fold(FieldSet::default(), |all, entry| all.union(&entry.fields));
    let mut result = live;
    before.minus(&wanted).minus(&others).remove_from(&mut result);
    let mut result = if is_built_in { strategic(result, &applied) } else { crate::patch::merge(result, &applied) };
    managers.retain(|entry| !is_ours(entry) && !entry.fields.is_empty());
    managers.push(Entry::new(by.manager, "Apply", by.resource, wanted));
    write(&mut result, managers);
    Ok(result)
}

/// Notes that a manager wrote an object by other means than an apply.
pub(crate) fn note_update(before: Option<&Value>, after: &mut Value, by: (&Resource, &str)) {
    let (resource, manager) = by;
    let is_built_in = resource.is_built_in();
    let mut managers = before.map(managers).unwrap_or_default();
    let nothing = Value::Null;
    let all = FieldSet::of(after, is_built_in);
    let changed = all.differing(after, before.unwrap_or(&nothing));
    for entry in &mut managers {
        let gone = entry.fields.differing(after, before.unwrap_or(&nothing));
        entry.fields = entry.fields.minus(&gone);
    }
    let is_ours = |entry: &Entry| entry.manager == manager && entry.operation == "Update";
    match managers.iter_mut().find(|entry| is_ours(entry)) {
        Some(entry) => entry.fields = entry.fields.union(&changed),
        None => managers.push(Entry::new(manager, "Update", resource, changed)),
    }
    managers.retain(|entry| !entry.fields.is_empty());
    write(after, managers);
}

struct Entry {
    manager: String,
    operation: String,
    api_version: String,
    time: String,
    fields: FieldSet,
}

impl Entry {
    fn new(manager: &str, operation: &str, resource: &Resource, fields: FieldSet) -> Self {
        Self {
            manager: manager.to_owned(),
            operation: operation.to_owned(),
            api_version: resource.api_version(),
            time: clock::text(clock::now()),
            fields,
        }
    }
}

fn managers(object: &Value) -> Vec<Entry> {
    let entry = |entry: &Value| Entry {
        manager: object::text(entry, "/manager").to_owned(),
        operation: object::text(entry, "/operation").to_owned(),
        api_version: object::text(entry, "/apiVersion").to_owned(),
        time: object::text(entry, "/time").to_owned(),
        fields: FieldSet::from_json(&object::at(entry, "/fieldsV1")),
    };
    object::list(object, "/metadata/managedFields").iter().map(entry).collect()
}

fn write(target: &mut Value, managers: Vec<Entry>) {
    let entry = |entry: Entry| {
        json!({
            "manager": entry.manager, "operation": entry.operation, "apiVersion": entry.api_version,
            "time": entry.time, "fieldsType": "FieldsV1", "fieldsV1": entry.fields.to_json(),
        })
    };
    let entries: Vec<Value> = managers.into_iter().map(entry).collect();
    object::set(target, &["metadata", "managedFields"], json!(entries));
}

fn told(conflicts: &[(String, Vec<String>)]) -> String {
    let count: usize = conflicts.iter().map(|(_, names)| names.len()).sum();
    let each: Vec<String> =
        conflicts.iter().map(|(manager, names)| format!("conflict with \"{manager}\": {}", names.join(", "))).collect();
    let word = if count == 1 { "conflict" } else { "conflicts" };
    format!("Apply failed with {count} {word}: {}", each.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kinds;

    fn by(manager: &str, is_forced: bool) -> Apply<'_> {
        Apply { resource: &kinds::DEPLOYMENTS, manager, is_forced }
    }

    #[test]
    fn a_field_no_longer_applied_goes_and_one_of_another_stays() {
        let first = apply(None, &json!({"spec": {"replicas": 2, "paused": true}}), by("a", false)).unwrap();
        let mut scaled = first.clone();
        scaled["spec"]["replicas"] = json!(5);
        note_update(Some(&first), &mut scaled, (&kinds::DEPLOYMENTS, "hpa"));
        let second = apply(Some(&scaled), &json!({"spec": {"minReadySeconds": 1}}), by("a", false)).unwrap();
        assert_eq!(second["spec"], json!({"replicas": 5, "minReadySeconds": 1}));
    }

    #[test]
    fn another_value_of_a_field_of_another_manager_is_a_conflict_unless_forced() {
        let first = apply(None, &json!({"spec": {"replicas": 2}}), by("a", false)).unwrap();
        let refused = apply(Some(&first), &json!({"spec": {"replicas": 3}}), by("b", false)).unwrap_err();
        assert_eq!(refused, "Apply failed with 1 conflict: conflict with \"a\": .spec.replicas");
        let forced = apply(Some(&first), &json!({"spec": {"replicas": 3}}), by("b", true)).unwrap();
        let managers: Vec<&str> = object::list(&forced, "/metadata/managedFields")
            .iter()
            .map(|entry| object::text(entry, "/manager"))
            .collect();
        assert_eq!((forced["spec"]["replicas"].as_i64(), managers), (Some(3), vec!["b"]));
        assert!(apply(Some(&first), &json!({"spec": {"replicas": 2}}), by("b", false)).is_ok());
    }
}
