//! Differences in words.

use std::fmt::{Display, Formatter, Result};

use super::difference::{Change, Delta};
use crate::data::{Column, Constraint, ConstraintKind, Table, UserType};

/// One sentence without a full stop.
impl Display for Change {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let sentence = match self {
            Change::Table(delta) => told("table", delta, |table| format!("`{}`", table.name), table_changed),
            Change::Column(table, delta) => {
                told("column", delta, |column| format!("`{}` of `{table}`", column.name), column_changed)
            }
            Change::Constraint(table, delta) => {
                let name = |it: &Constraint| format!("`{}` of `{table}` (`{}`)", it.name, it.definition);
                told(constraint_kind(delta), delta, name, constraint_changed)
            }
            Change::Index(table, delta) => {
                told("index", delta, |it| format!("`{}` of `{table}`", it.name.name), |_, _| None)
            }
            Change::Trigger(table, delta) => {
                told("trigger", delta, |it| format!("`{}` of `{table}`", it.name.name), |_, _| None)
            }
            Change::Policy(table, delta) => {
                told("policy", delta, |it| format!("`{}` of `{table}`", it.name.name), |_, _| None)
            }
            Change::View(delta) => told("view", delta, |it| format!("`{}`", it.name), |_, _| None),
            Change::Function(delta) => told("function", delta, |it| format!("`{}`", it.name), |_, _| None),
            Change::Type(delta) => told("type", delta, |it| format!("`{}`", it.name), type_changed),
            Change::Sequence(delta) => told("sequence", delta, |it| format!("`{it}`"), |_, _| None),
            Change::Extension(delta) => told("extension", delta, |it| format!("`{it}`"), |_, _| None),
        };
        f.write_str(&sentence)
    }
}

fn told<T>(
    what: &str,
    delta: &Delta<T>,
    name: impl Fn(&T) -> String,
    changed: impl Fn(&T, &T) -> Option<String>,
) -> String {
    match delta {
        Delta::Added(it) => format!("{what} {} was added", name(it)),
        Delta::Removed(it) => format!("{what} {} was removed", name(it)),
        Delta::Changed { then, now } => match changed(then, now) {
            Some(how) => format!("{what} {} {how}", name(then)),
            None => format!("{what} {} was changed", name(then)),
        },
    }
}

fn table_changed(then: &Table, now: &Table) -> Option<String> {
    let mut how = Vec::new();
    if then.kind != now.kind {
        how.push(format!("became {}", table_kind(now.kind)));
    }
    if then.is_unlogged != now.is_unlogged {
        how.push(if now.is_unlogged { "became unlogged" } else { "became logged" }.to_owned());
    }
    if then.parents != now.parents {
        how.push("has other parents".to_owned());
    }
    let gone =
        then.attributes.iter().filter(|it| !now.attributes.contains(it)).map(|it| format!("is no longer `{it}`"));
    let new = now.attributes.iter().filter(|it| !then.attributes.contains(it)).map(|it| format!("is now `{it}`"));
    how.extend(gone.chain(new));
    (!how.is_empty()).then(|| how.join(", "))
}

fn table_kind(kind: char) -> &'static str {
    match kind {
        'p' => "a partitioned table",
        'f' => "a foreign table",
        _ => "an ordinary table",
    }
}

fn column_changed(then: &Column, now: &Column) -> Option<String> {
    let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
    let mut how = Vec::new();
    if then.data_type != now.data_type {
        how.push(format!("changed its type from `{}` to `{}`", then.data_type, now.data_type));
    }
    if then.not_null != now.not_null {
        how.push(if now.not_null { "may no longer be null" } else { "may now be null" }.to_owned());
    }
    if then.default != now.default {
        how.push(format!("changed its default from {} to {}", shown(&then.default), shown(&now.default)));
    }
    if then.generated != now.generated {
        how.push(format!("changed what it is generated from: {} to {}", shown(&then.generated), shown(&now.generated)));
    }
    if then.identity != now.identity {
        how.push(if now.identity.is_some() { "changed its identity" } else { "is no identity any more" }.to_owned());
    }
    (!how.is_empty()).then(|| how.join(", "))
}

fn constraint_kind(delta: &Delta<Constraint>) -> &'static str {
    let (Delta::Added(it) | Delta::Removed(it) | Delta::Changed { now: it, .. }) = delta;
    match it.kind {
        ConstraintKind::Primary => "primary key",
        ConstraintKind::Unique => "unique constraint",
        ConstraintKind::Foreign => "foreign key",
        ConstraintKind::Check => "check",
        ConstraintKind::Exclusion => "exclusion constraint",
        ConstraintKind::NotNull => "not-null constraint",
    }
}

fn constraint_changed(then: &Constraint, now: &Constraint) -> Option<String> {
    match (then.name != now.name, then.definition != now.definition) {
        (true, _) => Some(format!("is called `{}` now", now.name)),
        (false, true) => Some(format!("became `{}`", now.definition)),
        (false, false) if now.is_validated => Some("was validated".to_owned()),
        (false, false) => None,
    }
}

fn type_changed(then: &UserType, now: &UserType) -> Option<String> {
    let missing = |from: &UserType, other: &UserType| -> Vec<String> {
        from.labels.iter().filter(|label| !other.labels.contains(label)).map(|label| format!("`{label}`")).collect()
    };
    let (lost, gained) = (missing(then, now), missing(now, then));
    let mut how = Vec::new();
    if !lost.is_empty() {
        how.push(format!("lost {}", lost.join(", ")));
    }
    if !gained.is_empty() {
        how.push(format!("gained {}", gained.join(", ")));
    }
    (!how.is_empty()).then(|| how.join(", "))
}
