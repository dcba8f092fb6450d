//! Whether the release that ran on one schema can run on another.
//!
//! What is computed from the schemas and what the migrations since declare come together as:
//!
//! | computed \ declared | one says it cannot | all say it can | some say nothing |
//! |---|---|---|---|
//! | breaks | incompatible | **incompatible** | incompatible |
//! | unknown | incompatible | compatible | unknown |
//! | safe | **incompatible** | compatible | compatible |
//!
//! A declaration never makes good what is seen to be gone: a person who wrote `expand` over a dropped column was wrong. It
//! does make worse what looks harmless: only a person knows that a column means something else now.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::difference::schema_difference;
use super::statement::{Kind, Loss, Statement, TableName, classify};
use super::verdict::{Verdict, verdict};
use crate::data::{Framework, Ledger, MigrationGraph, Revision, Schema};

/// Whether a release can run on a schema that is not the one it ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Compatibility {
    /// It can.
    Compatible {
        /// Why, in a sentence.
        why: String,
    },
    /// It cannot.
    Incompatible {
        /// Each thing that it would fail on, in a sentence of its own.
        why: Vec<String>,
    },
    /// That cannot be said; to be treated as if it could not.
    Unknown {
        /// Each thing that cannot be judged, in a sentence of its own.
        why: Vec<String>,
    },
}

/// What is known of the migrations between two schemas.
#[derive(Debug, Clone, Copy)]
pub struct Since<'a> {
    /// The ledgers of the older schema.
    pub then: &'a [Ledger],
    /// The ledgers of the newer one.
    pub now: &'a [Ledger],
    /// The migrations of the newer release, where they are known.
    pub graph: Option<&'a MigrationGraph>,
    /// What the configuration declares of migrations: whether the release before can run on their result.
    pub declared: &'a BTreeMap<String, bool>,
}

/// Whether the release that ran on `then` can run on `now`.
#[must_use]
pub fn compatibility(then: &Schema, now: &Schema, since: &Since<'_>) -> Compatibility {
    let migrations: BTreeSet<Revision> = since.now.iter().flat_map(|ledger| migrations_since(ledger, since)).collect();
    let declared = |revision: &Revision| (revision.clone(), declaration(revision, since));
    let declarations: Vec<(Revision, Option<bool>)> = migrations.iter().map(declared).collect();
    let (mut breaks, mut unknown) = computed(then, now);
    for (revision, _) in declarations.iter().filter(|(_, says)| *says == Some(false)) {
        breaks.push(format!("migration `{revision}` is declared to break the release before it"));
    }
    for ledger in since.now.iter().filter(|ledger| ledger.is_dirty) {
        unknown.push(format!("a migration of {} has failed half-way or is running", ledger.framework));
    }
    unknown.extend(migrations.iter().flat_map(|revision| rewrites(revision, then, since)));
    let all_say_so = !declarations.is_empty() && declarations.iter().all(|(_, says)| *says == Some(true));
    let is_dirty = since.now.iter().any(|ledger| ledger.is_dirty);
    if !breaks.is_empty() {
        return Compatibility::Incompatible { why: breaks };
    }
    if unknown.is_empty() {
        let why = match then == now {
            true => "the schema is what it was",
            false => "everything that changed in the schema since is such that the release before does not mind",
        };
        return Compatibility::Compatible { why: why.to_owned() };
    }
    if all_say_so && !is_dirty {
        let names: Vec<String> = migrations.iter().map(|revision| format!("`{revision}`")).collect();
        let why = format!("{} declared to leave the release before able to run", listed(&names));
        return Compatibility::Compatible { why };
    }
    Compatibility::Unknown { why: unknown }
}

/// What breaks and what is unknown, from the schemas alone.
fn computed(then: &Schema, now: &Schema) -> (Vec<String>, Vec<String>) {
    let (mut breaks, mut unknown) = (Vec::new(), Vec::new());
    for change in schema_difference(then, now).changes {
        match verdict(&change, then, now) {
            Verdict::Safe => (),
            Verdict::Breaks(why) => breaks.push(format!("{change}: {why}")),
            Verdict::Unknown(why) => unknown.push(format!("{change}: {why}")),
        }
    }
    (breaks, unknown)
}

/// What a migration does to values that the release before has: no difference between schemas shows that.
fn rewrites(revision: &Revision, then: &Schema, since: &Since<'_>) -> Vec<String> {
    let migrations = since.graph.map(|graph| graph.migrations.as_slice()).unwrap_or_default();
    let migration = migrations.iter().find(|migration| migration.revision == *revision);
    let Some(up) = migration.and_then(|migration| migration.up.as_deref()) else { return Vec::new() };
    let was_there = |table: &TableName, column: Option<&str>| {
        let table = table.table_of(then).and_then(|name| then.table(name));
        table.is_some_and(|table| column.is_none_or(|column| table.columns.iter().any(|it| it.name == column)))
    };
    let of_statement = |statement: Statement| -> Vec<String> {
        let told = |loss: &Loss| match loss {
            Loss::Rows(table) if was_there(table, None) => Some(format!("rows of `{table}`")),
            Loss::Values { table, column } if was_there(table, Some(column)) => {
                Some(format!("values of `{column}` of `{table}`"))
            }
            _ => None,
        };
        match statement.kind {
            Kind::Unknown => {
                vec![format!("migration `{revision}` does what cannot be seen: `{}`", shortened(&statement))]
            }
            _ => {
                let what = statement.destroys.iter().filter_map(told);
                what.map(|what| format!("migration `{revision}` changed {what}")).collect()
            }
        }
    };
    classify(up).into_iter().flat_map(of_statement).collect()
}

/// The beginning of a statement, on one line.
fn shortened(statement: &Statement) -> String {
    let words: Vec<&str> = statement.text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What a ledger has that the one of the same tool had not. Tools that write down only where they stand have the rest
/// from the graph; without it only what they stand on is known.
#[must_use]
pub fn migrations_since(ledger: &Ledger, since: &Since<'_>) -> BTreeSet<Revision> {
    let before = since.then.iter().find(|then| then.framework == ledger.framework);
    let had = before.map(|before| applied(before, since.graph)).unwrap_or_default();
    applied(ledger, since.graph).difference(&had).cloned().collect()
}

/// Everything that a ledger says was applied.
pub(super) fn applied(ledger: &Ledger, graph: Option<&MigrationGraph>) -> BTreeSet<Revision> {
    let stands = ledger.applied.iter().cloned().collect::<BTreeSet<_>>();
    match (only_heads(ledger.framework), graph) {
        (true, Some(graph)) => closed(stands, graph),
        _ => stands,
    }
}

/// Whether a tool writes down only where it stands.
pub(super) fn only_heads(framework: Framework) -> bool {
    matches!(framework, Framework::Alembic | Framework::GolangMigrate)
}

/// Revisions with all that they need.
fn closed(mut all: BTreeSet<Revision>, graph: &MigrationGraph) -> BTreeSet<Revision> {
    let mut open: Vec<Revision> = all.iter().cloned().collect();
    while let Some(next) = open.pop() {
        let found = graph.migrations.iter().filter(|migration| migration.revision == next);
        for needed in found.flat_map(|migration| &migration.needs) {
            if all.insert(needed.clone()) {
                open.push(needed.clone());
            }
        }
    }
    all
}

/// What is declared of a migration: the configuration's word before the migration's own.
fn declaration(revision: &Revision, since: &Since<'_>) -> Option<bool> {
    let own = || {
        let migration = since.graph?.migrations.iter().find(|migration| migration.revision == *revision)?;
        match migration.compatibility.as_deref()? {
            "expand" => Some(true),
            "contract" => Some(false),
            _ => None,
        }
    };
    since.declared.get(&revision.0).copied().or_else(own)
}

fn listed(names: &[String]) -> String {
    match names {
        [one] => format!("migration {one} is"),
        names => format!("migrations {} are", names.join(", ")),
    }
}
