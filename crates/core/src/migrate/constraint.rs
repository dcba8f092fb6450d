//! What a difference in constraints means for the release before it.
//!
//! | constraint | came | went | changed |
//! |---|---|---|---|
//! | primary key, unique, exclusion | breaks; safe where it has a new column that stays null | unique: unknown (`ON CONFLICT`) | unknown |
//! | foreign key | as above; then unknown where it forbids deleting rows of an old table | safe; unknown where it deleted or changed rows by itself | unknown |
//! | check | breaks; safe where it speaks of new columns only; unknown where it also asks whether they are null | safe | unknown |
//! | not null | told with the column | | |
//!
//! A constraint that only got another name is unknown, since programs tell errors apart by it. One that was validated, or
//! is no longer, means the same for every new row.

use super::difference::Delta;
use super::verdict::{Verdict, fills_itself};
use crate::data::{Constraint, ConstraintKind, ObjectName, Schema};

/// The table, and the schemas before and after.
pub(super) type Where<'a> = (&'a ObjectName, &'a Schema, &'a Schema);

/// The verdict on a constraint.
pub(super) fn judged(delta: &Delta<Constraint>, place: Where<'_>) -> Verdict {
    match delta {
        Delta::Added(it) => added(it, place),
        Delta::Removed(it) => removed(it),
        Delta::Changed { then, now } if then.name != now.name => {
            Verdict::unknown("a program may know it by its name, in errors or in `ON CONFLICT`")
        }
        Delta::Changed { then, now } if then.definition == now.definition => Verdict::Safe,
        Delta::Changed { .. } => Verdict::unknown("which rows it refuses cannot be compared"),
    }
}

fn added(it: &Constraint, place: Where<'_>) -> Verdict {
    match it.kind {
        ConstraintKind::NotNull => Verdict::Safe,
        ConstraintKind::Primary | ConstraintKind::Exclusion => {
            Verdict::breaks("the release before may write rows that it refuses")
        }
        ConstraintKind::Unique => unique(&it.definition, place),
        ConstraintKind::Foreign => foreign(it, place),
        ConstraintKind::Check => check(&it.definition, place),
    }
}

fn removed(it: &Constraint) -> Verdict {
    match it.kind {
        ConstraintKind::Primary | ConstraintKind::Unique => Verdict::unknown("an `ON CONFLICT` may need it"),
        ConstraintKind::Foreign if acts(&it.definition) => {
            Verdict::unknown("the release before may count on what it did to rows by itself")
        }
        _ => Verdict::Safe,
    }
}

/// A unique constraint or index. Rows of the release before have null in a new column, and nulls are distinct.
pub(super) fn unique(definition: &str, place: Where<'_>) -> Verdict {
    let distinct = !definition.to_uppercase().contains("NULLS NOT DISTINCT");
    let columns = first_list(definition);
    match distinct && columns.iter().any(|column| stays_null(column, place)) {
        true => Verdict::Safe,
        false => Verdict::breaks("the release before may write rows that it refuses"),
    }
}

fn foreign(it: &Constraint, place: Where<'_>) -> Verdict {
    let full = it.definition.contains("MATCH FULL");
    if full || !first_list(&it.definition).iter().any(|column| stays_null(column, place)) {
        return Verdict::breaks("the release before may write rows that it refuses");
    }
    match holds_on_to(&it.definition, place.1) {
        Some(other) => Verdict::unknown(format!(
            "it forbids the release before, which does not know of it, to delete rows of `{other}`"
        )),
        None => Verdict::Safe,
    }
}

fn check(definition: &str, (table, then, now): Where<'_>) -> Verdict {
    let words = words(definition);
    let named = |schema: &Schema| -> Vec<String> {
        let columns = schema.table(table).map(|table| table.columns.as_slice()).unwrap_or_default();
        columns.iter().filter(|column| words.contains(&column.name)).map(|column| column.name.clone()).collect()
    };
    let (old, new) = (named(then), named(now));
    if !old.is_empty() || new.is_empty() {
        return Verdict::breaks("the release before may write rows that it refuses");
    }
    match words.iter().any(|word| word.eq_ignore_ascii_case("null")) {
        true => Verdict::unknown("it asks whether a column is null that the release before does not give"),
        false => Verdict::Safe,
    }
}

/// Whether a column is new, and null in every row that does not name it.
fn stays_null(column: &str, (table, then, now): Where<'_>) -> bool {
    let find = |schema: &Schema| {
        let columns = &schema.table(table)?.columns;
        columns.iter().find(|it| it.name == column).cloned()
    };
    find(then).is_none() && find(now).is_some_and(|column| !column.not_null && !fills_itself(&column))
}

/// The old table whose rows cannot be deleted while a foreign key refers to them; `None` where it lets them go.
pub(super) fn holds_on_to(definition: &str, then: &Schema) -> Option<ObjectName> {
    let (before, after) = definition.split_once(" REFERENCES ")?;
    let lets_go = ["ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE SET DEFAULT"];
    if !before.starts_with("FOREIGN KEY") || lets_go.iter().any(|how| after.contains(how)) {
        return None;
    }
    let name = after.split('(').next().unwrap_or_default().trim().replace('"', "");
    let is_it = |it: &&ObjectName| it.name == name || format!("{}.{}", it.schema, it.name) == name;
    then.tables.iter().map(|table| &table.name).find(is_it).cloned()
}

/// Whether a foreign key changes rows by itself.
fn acts(definition: &str) -> bool {
    ["CASCADE", "SET NULL", "SET DEFAULT"].iter().any(|what| definition.contains(what))
}

/// The names in the first pair of parentheses; expressions come out as something that no column is called.
fn first_list(definition: &str) -> Vec<String> {
    let inside = definition.split_once('(').map_or("", |(_, rest)| rest);
    let mut depth = 1;
    let end = inside.char_indices().find(|(_, c)| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        depth == 0
    });
    let inside = end.map_or(inside, |(end, _)| &inside[..end]);
    inside.split(',').map(|name| name.trim().trim_matches('"').replace("\"\"", "\"")).collect()
}

/// The names and keywords of an expression; what stands in single quotes is left out.
fn words(text: &str) -> Vec<String> {
    let outside: String = text.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let mut words = Vec::new();
    for (index, part) in outside.split('"').enumerate() {
        match index % 2 {
            1 => words.push(part.to_owned()),
            _ => words.extend(part.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
