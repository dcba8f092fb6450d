//! Two schemas: which objects differ.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Differences;
use crate::data::{Manifest, ObjectName, Schema};
use crate::policy::Check;

/// Whether both servers write definitions in the same words.
pub(super) fn is_same_major(expected: &Manifest, found: &Manifest) -> bool {
    expected.server_version / 10_000 == found.server_version / 10_000
}

pub(super) fn schema(expected: &Manifest, found: &Manifest) -> Check {
    let mut differences = Differences::default();
    if expected.schema.digest() != found.schema.digest() {
        let clauses = clauses(&expected.schema, &found.schema);
        if is_same_major(expected, found) {
            differences.found = clauses;
        } else {
            differences.undecided = clauses;
            let versions = (expected.server_version / 10_000, found.server_version / 10_000);
            let different =
                format!("PostgreSQL {} and {} write definitions in different words", versions.0, versions.1);
            differences.undecided.insert(0, different);
        }
    }
    differences.check("schema", format!("{} equal", expected.schema.digest()))
}

/// What differs, each in a clause; never empty where the schemas differ.
fn clauses(expected: &Schema, found: &Schema) -> Vec<String> {
    let kinds = [
        ("table", objects(&expected.tables, |table| &table.name), objects(&found.tables, |table| &table.name)),
        ("view", objects(&expected.views, |view| &view.name), objects(&found.views, |view| &view.name)),
        ("function", objects(&expected.functions, |each| &each.name), objects(&found.functions, |each| &each.name)),
        ("type", objects(&expected.types, |each| &each.name), objects(&found.types, |each| &each.name)),
        ("sequence", objects(&expected.sequences, |each| each), objects(&found.sequences, |each| each)),
    ];
    let mut clauses = Vec::new();
    for (kind, was, is) in &kinds {
        for name in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
            match (was.get(name), is.get(name)) {
                (Some(_), None) => clauses.push(format!("{kind} `{name}` is missing")),
                (None, Some(_)) => clauses.push(format!("{kind} `{name}` should not be there")),
                (was, is) if was != is => {
                    clauses.push(format!("{kind} `{name}` is another one{}", parts(expected, found, name)))
                }
                _ => {}
            }
        }
    }
    if expected.extensions != found.extensions {
        let names = |schema: &Schema| match schema.extensions.as_slice() {
            [] => "none".to_owned(),
            extensions => extensions.join(", "),
        };
        clauses.push(format!("extensions: {} in place of {}", names(found), names(expected)));
    }
    clauses
}

/// Objects by name, each as the text that tells whether it changed.
fn objects<'a, T: serde::Serialize>(
    all: &'a [T],
    name: impl Fn(&'a T) -> &'a ObjectName,
) -> BTreeMap<&'a ObjectName, String> {
    all.iter().map(|each| (name(each), serde_json::to_string(each).unwrap_or_default())).collect()
}

/// Which parts of a table differ: `: columns, triggers`.
fn parts(expected: &Schema, found: &Schema, name: &ObjectName) -> String {
    let (Some(was), Some(is)) = (expected.table(name), found.table(name)) else { return String::new() };
    let parts = [
        ("kind", was.kind != is.kind || was.is_unlogged != is.is_unlogged || was.parents != is.parents),
        ("columns", was.columns != is.columns),
        ("constraints", was.constraints != is.constraints),
        ("indexes", was.indexes != is.indexes),
        ("triggers", was.triggers != is.triggers),
        ("policies", was.policies != is.policies),
        ("attributes", was.attributes != is.attributes),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}
