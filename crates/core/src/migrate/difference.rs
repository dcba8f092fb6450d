//! What differs between two schemas, as values.
//!
//! Contract: equal schemas have no changes; the parts of a table that came or went are not listed beside the table itself.

use serde::{Deserialize, Serialize};

use crate::data::{Column, Constraint, Definition, ObjectName, Schema, Table, UserType};

/// What is different, in the order: tables and their parts, then everything else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SchemaDifference {
    /// Each difference.
    pub changes: Vec<Change>,
}

impl SchemaDifference {
    /// Whether the schemas are equal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// One sentence for each difference, for people: `column \`price\` of \`orders\` was added`.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.changes.iter().map(ToString::to_string).collect()
    }
}

/// Something that came, went or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delta<T> {
    /// It came.
    Added(T),
    /// It went.
    Removed(T),
    /// It is there and is different.
    Changed {
        /// As it was.
        then: T,
        /// As it is.
        now: T,
    },
}

/// One difference. Parts of a table come with the table's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A table. Where it changed, what it is (partitioned, unlogged, whose child) did: its parts are listed by themselves.
    Table(Delta<Table>),
    /// A column.
    Column(ObjectName, Delta<Column>),
    /// A constraint. One that only got another name has changed.
    Constraint(ObjectName, Delta<Constraint>),
    /// An index.
    Index(ObjectName, Delta<Definition>),
    /// A trigger.
    Trigger(ObjectName, Delta<Definition>),
    /// A row security policy.
    Policy(ObjectName, Delta<Definition>),
    /// A view.
    View(Delta<Definition>),
    /// A function or procedure.
    Function(Delta<Definition>),
    /// A type.
    Type(Delta<UserType>),
    /// A sequence.
    Sequence(Delta<ObjectName>),
    /// An extension.
    Extension(Delta<String>),
}

/// What makes `now` different from `then`.
#[must_use]
pub fn schema_difference(then: &Schema, now: &Schema) -> SchemaDifference {
    let mut changes = Vec::new();
    for delta in deltas(&then.tables, &now.tables, |table| &table.name) {
        match delta {
            Delta::Changed { then, now } => changes.extend(within(then, now)),
            Delta::Added(table) => changes.push(Change::Table(Delta::Added(table))),
            Delta::Removed(table) => changes.push(Change::Table(Delta::Removed(table))),
        }
    }
    changes.extend(deltas(&then.views, &now.views, |view| &view.name).into_iter().map(Change::View));
    changes.extend(deltas(&then.functions, &now.functions, |it| &it.name).into_iter().map(Change::Function));
    changes.extend(deltas(&then.types, &now.types, |it| &it.name).into_iter().map(Change::Type));
    changes.extend(deltas(&then.sequences, &now.sequences, |it| it).into_iter().map(Change::Sequence));
    changes.extend(deltas(&then.extensions, &now.extensions, |it| it).into_iter().map(Change::Extension));
    SchemaDifference { changes }
}

/// What is different within a table.
fn within(then: Table, now: Table) -> Vec<Change> {
    let name = || then.name.clone();
    let columns = deltas(&then.columns, &now.columns, |column| &column.name);
    let constraints = renamed(deltas(&then.constraints, &now.constraints, |constraint| &constraint.name));
    let indexes = deltas(&then.indexes, &now.indexes, |index| &index.name);
    let triggers = deltas(&then.triggers, &now.triggers, |trigger| &trigger.name);
    let policies = deltas(&then.policies, &now.policies, |policy| &policy.name);
    let mut changes: Vec<Change> = columns.into_iter().map(|delta| Change::Column(name(), delta)).collect();
    changes.extend(constraints.into_iter().map(|delta| Change::Constraint(name(), delta)));
    changes.extend(indexes.into_iter().map(|delta| Change::Index(name(), delta)));
    changes.extend(triggers.into_iter().map(|delta| Change::Trigger(name(), delta)));
    changes.extend(policies.into_iter().map(|delta| Change::Policy(name(), delta)));
    let is_other = then.kind != now.kind
        || then.is_unlogged != now.is_unlogged
        || then.parents != now.parents
        || then.attributes != now.attributes;
    if is_other {
        changes.insert(0, Change::Table(Delta::Changed { then, now }));
    }
    changes
}

/// Makes one change of a constraint that went and one that came with the same definition: its name changed.
fn renamed(deltas: Vec<Delta<Constraint>>) -> Vec<Delta<Constraint>> {
    let is_same = |a: &Constraint, b: &Constraint| a.kind == b.kind && a.definition == b.definition;
    let (removed, mut kept): (Vec<_>, Vec<_>) =
        deltas.into_iter().partition(|delta| matches!(delta, Delta::Removed(_)));
    for delta in removed {
        let Delta::Removed(then) = delta else { continue };
        let same = kept.iter_mut().find(|delta| matches!(delta, Delta::Added(now) if is_same(&then, now)));
        match same {
            Some(slot) => {
                if let Delta::Added(now) = slot.clone() {
                    *slot = Delta::Changed { then, now };
                }
            }
            None => kept.push(Delta::Removed(then)),
        }
    }
    kept
}

/// What came, went or changed between two lists, matched by a key.
fn deltas<T: Clone + PartialEq, K: PartialEq + ?Sized>(then: &[T], now: &[T], key: impl Fn(&T) -> &K) -> Vec<Delta<T>> {
    let mut deltas = Vec::new();
    for was in then {
        match now.iter().find(|is| key(is) == key(was)) {
            None => deltas.push(Delta::Removed(was.clone())),
            Some(is) if is != was => deltas.push(Delta::Changed { then: was.clone(), now: is.clone() }),
            Some(_) => (),
        }
    }
    let added = now.iter().filter(|is| !then.iter().any(|was| key(is) == key(was)));
    deltas.extend(added.map(|is| Delta::Added(is.clone())));
    deltas
}
