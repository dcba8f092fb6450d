//! Sets of fields, as `metadata.managedFields` writes them (`FieldsV1`).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::patch::lists::{identity, is_set, merge_keys};

/// A path of segments: `f:NAME` for a field, `k:{...}` for an element by its keys, `v:VALUE` for a value of a set.
type Path = Vec<String>;

/// The paths of some fields of an object. Lists that are not merged are one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    paths: BTreeSet<Path>,
}

impl FieldSet {
    /// Every field of an object but those that name it. Lists of a custom resource are one field each.
    pub(crate) fn of(object: &Value, is_built_in: bool) -> Self {
        let mut set = Self::default();
        let mut object = object.clone();
        if let Some(map) = object.as_object_mut() {
            map.retain(|name, _| !["apiVersion", "kind"].contains(&name.as_str()));
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata
                .retain(|name, _| ["labels", "annotations", "finalizers", "ownerReferences"].contains(&name.as_str()));
        }
        set.collect(&object, &mut Vec::new(), is_built_in);
        set
    }

    fn collect(&mut self, value: &Value, path: &mut Path, is_built_in: bool) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (name, value) in map {
                    path.push(format!("f:{name}"));
                    self.collect_field(name, value, path, is_built_in);
                    path.pop();
                }
            }
            _ if path.is_empty() => {}
            _ => drop(self.paths.insert(path.clone())),
        }
    }

    fn collect_field(&mut self, name: &str, value: &Value, path: &mut Path, is_built_in: bool) {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if is_set(name) && !items.is_empty() {
            self.paths.extend(items.iter().map(|item| [path.as_slice(), &[format!("v:{item}")]].concat()));
            return;
        }
        let keys = merge_keys(name, items).filter(|_| !items.is_empty() && is_built_in);
        let Some(keys) = keys else { return self.collect(value, path, is_built_in) };
        for item in items {
            path.push(format!("k:{}", Value::Object(identity(item, keys))));
            self.paths.insert(path.clone());
            self.collect(item, path, is_built_in);
            path.pop();
        }
    }

    /// As `fieldsV1` has it.
    pub(crate) fn to_json(&self) -> Value {
        let mut root = Value::Object(Map::new());
        for path in &self.paths {
            let mut place = &mut root;
            for segment in path {
                if place.get(segment).is_none() {
                    place[segment.as_str()] = json!({});
                }
                place = &mut place[segment.as_str()];
            }
            // An element itself, besides its fields.
            if path.last().is_some_and(|segment| segment.starts_with("k:")) {
                place["."] = json!({});
            }
        }
        root
    }

    /// Reads what [`Self::to_json`] wrote.
    pub(crate) fn from_json(fields: &Value) -> Self {
        let mut set = Self::default();
        set.read(fields, &mut Vec::new());
        set
    }

    fn read(&mut self, fields: &Value, path: &mut Path) {
        let Some(map) = fields.as_object() else { return };
        if (map.is_empty() || map.contains_key(".")) && !path.is_empty() {
            self.paths.insert(path.clone());
        }
        for (segment, below) in map.iter().filter(|(segment, _)| *segment != ".") {
            path.push(segment.clone());
            self.read(below, path);
            path.pop();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self { paths: self.paths.union(&other.paths).cloned().collect() }
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self { paths: self.paths.difference(&other.paths).cloned().collect() }
    }

    /// Those fields that have another value in the second object, or none.
    pub(crate) fn differing(&self, one: &Value, other: &Value) -> Self {
        let differs = |path: &&Path| {
            let (one, other) = (find(one, path), find(other, path));
            // An element is there or not; what is in it has paths of its own.
            if path.last().is_some_and(|segment| segment.starts_with("k:")) {
                return one.is_some() != other.is_some();
            }
            one != other
        };
        Self { paths: self.paths.iter().filter(differs).cloned().collect() }
    }

    /// The paths as messages name them: `.spec.replicas`.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |segment: &String| match segment.split_once(':') {
            Some(("f", name)) => format!(".{name}"),
            Some((_, element)) => format!("[{}]", element.replace(':', "=").replace(['{', '}'], "")),
            None => segment.clone(),
        };
        self.paths.iter().map(|path| path.iter().map(name).collect()).collect()
    }

    /// Takes the fields out of an object.
    pub(crate) fn remove_from(&self, object: &mut Value) {
        // The longest first: an element goes after what is in it, and what it is told apart by goes with it.
        let mut paths: Vec<&Path> = self.paths.iter().filter(|path| !is_identity(path)).collect();
        paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
        paths.into_iter().for_each(|path| remove(object, path));
    }
}

/// Whether the path is of a field that tells an element apart.
fn is_identity(path: &[String]) -> bool {
    let [.., element, field] = path else { return false };
    let (Some(keys), Some(name)) = (element.strip_prefix("k:"), field.strip_prefix("f:")) else { return false };
    serde_json::from_str::<Value>(keys).is_ok_and(|keys| keys.get(name).is_some())
}

fn find<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(object, |place, segment| match segment.split_once(':')? {
        ("f", name) => place.get(name),
        (kind, element) => place.as_array()?.iter().find(|item| is_element(item, kind, element)),
    })
}

fn is_element(item: &Value, kind: &str, element: &str) -> bool {
    let wanted: Value = serde_json::from_str(element).unwrap_or_default();
    if kind == "v" {
        return *item == wanted;
    }
    let keys: Vec<&str> = wanted.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    Value::Object(identity(item, &keys)) == wanted
}

fn remove(place: &mut Value, path: &[String]) {
    let Some((segment, rest)) = path.split_first() else { return };
    match segment.split_once(':') {
        Some(("f", name)) if rest.is_empty() => {
            place.as_object_mut().map(|map| map.remove(name));
        }
        Some(("f", name)) => {
            if let Some(below) = place.get_mut(name) {
                remove(below, rest);
            }
        }
        Some((kind, element)) => {
            let Some(items) = place.as_array_mut() else { return };
            let found = items.iter().position(|item| is_element(item, kind, element));
            match found {
                Some(index) if rest.is_empty() => drop(items.remove(index)),
                Some(index) => remove(&mut items[index], rest),
                None => {}
            }
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_and_read_back() {
        let object = json!({"metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"replicas": 1, "template": {"spec": {
            "containers": [{"name": "app", "image": "a:1", "ports": [{"containerPort": 80}]}]}}}});
        let set = FieldSet::of(&object, true);
        let json = set.to_json();
        assert_eq!(json.pointer("/f:metadata/f:labels/f:a"), Some(&json!({})));
        let container = "k:{\"name\":\"app\"}";
        assert!(json["f:spec"]["f:template"]["f:spec"]["f:containers"][container]["f:image"].is_object());
        assert_eq!(FieldSet::from_json(&json), set);
        let mut emptied = object.clone();
        set.remove_from(&mut emptied);
        assert_eq!(emptied["spec"]["template"]["spec"]["containers"], json!([]));
    }
}
