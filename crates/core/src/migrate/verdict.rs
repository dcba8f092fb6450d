//! What one difference between schemas means for the release that ran before it.
//!
//! | what | came | went | changed |
//! |---|---|---|---|
//! | table | safe; unknown where it refers to an old table in a way that forbids deletes, or inherits from one | breaks | unlogged: safe; else unknown |
//! | column | safe; breaks where it must be given | breaks | see below |
//! | constraint | see [`super::constraint`] | | |
//! | index | unique: as a constraint; else safe | unique: unknown (`ON CONFLICT`); else safe | unique: unknown; else safe |
//! | trigger, policy | unknown | unknown | unknown |
//! | view | safe | breaks | unknown |
//! | function | safe; unknown where it overloads an old one | breaks | unknown |
//! | type | safe | breaks | label lost: breaks; label gained or anything else: unknown |
//! | sequence | safe | unknown | |
//! | extension | safe | breaks | |
//!
//! | aspect of a column | verdict |
//! |---|---|
//! | type | `varchar` widened: safe; other widenings: unknown, since a program may read by width; else breaks |
//! | became not null | breaks |
//! | may be null now | unknown: the old release may meet a null |
//! | default, identity or generation went | breaks |
//! | default came | safe |
//! | default or generation is another | unknown |
//! | became generated, became `GENERATED ALWAYS` | breaks |

use super::constraint;
use super::difference::{Change, Delta};
use crate::data::{Column, Definition, ObjectName, Schema, Table, UserType};

/// What one difference means for the release before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does not see it, or does not mind.
    Safe,
    /// It will fail on it, and why.
    Breaks(String),
    /// That cannot be said, and why.
    Unknown(String),
}

impl Verdict {
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Verdict::Unknown(why.into())
    }

    pub(super) fn breaks(why: impl Into<String>) -> Self {
        Verdict::Breaks(why.into())
    }
}

/// The verdict on one difference between `then` and `now`. What it answers goes behind the difference's own sentence.
#[must_use]
pub fn verdict(change: &Change, then: &Schema, now: &Schema) -> Verdict {
    match change {
        Change::Table(delta) => table(delta, then),
        Change::Column(_, delta) => column(delta, now),
        Change::Constraint(name, delta) => constraint::judged(delta, (name, then, now)),
        Change::Index(name, delta) => index(delta, (name, then, now)),
        Change::Trigger(..) => Verdict::unknown("what a trigger does cannot be judged"),
        Change::Policy(..) => Verdict::unknown("which rows it hides cannot be judged"),
        Change::View(delta) => definition(delta, "what it answers cannot be judged"),
        Change::Function(Delta::Added(function)) => overload(function, then),
        Change::Function(delta) => definition(delta, "what it does cannot be judged"),
        Change::Type(delta) => user_type(delta),
        Change::Sequence(Delta::Removed(_)) => Verdict::unknown("a program may ask for it by name"),
        Change::Sequence(_) => Verdict::Safe,
        Change::Extension(Delta::Removed(_)) => Verdict::breaks("what it brought is gone"),
        Change::Extension(_) => Verdict::Safe,
    }
}

fn table(delta: &Delta<Table>, then: &Schema) -> Verdict {
    match delta {
        Delta::Removed(_) => Verdict::breaks("the release before reads and writes it"),
        Delta::Changed { then, now }
            if then.kind == now.kind && then.parents == now.parents && then.attributes == now.attributes =>
        {
            Verdict::Safe
        }
        Delta::Changed { .. } => Verdict::unknown("statements may behave differently on it"),
        Delta::Added(table) => {
            let holds = table.constraints.iter().find_map(|it| constraint::holds_on_to(&it.definition, then));
            let of_plain = |parent: &&ObjectName| then.table(parent).is_some_and(|parent| parent.kind != 'p');
            match (holds, table.parents.iter().find(of_plain)) {
                (Some(other), _) => Verdict::unknown(format!(
                    "its rows forbid the release before, which does not know of it, to delete rows of `{other}`"
                )),
                (None, Some(parent)) => Verdict::unknown(format!("its rows appear among those of `{parent}`")),
                (None, None) => Verdict::Safe,
            }
        }
    }
}

fn column(delta: &Delta<Column>, now: &Schema) -> Verdict {
    match delta {
        Delta::Removed(_) => Verdict::breaks("the release before reads and writes it"),
        Delta::Added(column) if fills_itself(column) => Verdict::Safe,
        Delta::Added(column) if column.not_null => {
            Verdict::breaks("it must be given, and the release before does not give it")
        }
        Delta::Added(column) => match user_type_of(column, now) {
            Some(domain) if domain.definition.to_uppercase().contains("NOT NULL") => {
                Verdict::unknown("its domain may not be null, and the release before does not give it")
            }
            _ => Verdict::Safe,
        },
        Delta::Changed { then, now } => worst([data_type(then, now), nullability(then, now), filling(then, now)]),
    }
}

/// Whether a statement may leave the column out and it still has a value.
pub(super) fn fills_itself(column: &Column) -> bool {
    column.default.is_some() || column.generated.is_some() || column.identity.is_some()
}

fn user_type_of<'a>(column: &Column, schema: &'a Schema) -> Option<&'a UserType> {
    let is_it = |name: &ObjectName| {
        column.data_type == name.name || column.data_type == format!("{}.{}", name.schema, name.name)
    };
    schema.types.iter().find(|it| is_it(&it.name))
}

/// Types that hold all that the one before holds, but are read by another width or under another number.
const WIDER: [&str; 4] = ["smallint", "integer", "bigint", "numeric"];

fn data_type(then: &Column, now: &Column) -> Verdict {
    if then.data_type == now.data_type {
        return Verdict::Safe;
    }
    let length = |text: &str| -> Option<u32> {
        let rest = text.strip_prefix("character varying")?;
        match rest {
            "" => Some(u32::MAX),
            _ => rest.strip_prefix('(')?.strip_suffix(')')?.parse().ok(),
        }
    };
    let rank = |text: &str| WIDER.iter().position(|wide| *wide == text);
    match (length(&then.data_type), length(&now.data_type)) {
        (Some(was), Some(is)) if is >= was => return Verdict::Safe,
        (Some(_), None) if now.data_type == "text" => {
            return Verdict::unknown("a program may have bound it by its type");
        }
        _ => (),
    }
    match (rank(&then.data_type), rank(&now.data_type)) {
        (Some(was), Some(is)) if is > was => {
            Verdict::unknown("a program may read it by its width, and it may hold more")
        }
        _ => Verdict::breaks("the release before reads and writes the type that it had"),
    }
}

fn nullability(then: &Column, now: &Column) -> Verdict {
    match (then.not_null, now.not_null) {
        (false, true) => Verdict::breaks("the release before may leave it null"),
        (true, false) => Verdict::unknown("the release before may meet a null that it does not expect"),
        _ => Verdict::Safe,
    }
}

fn filling(then: &Column, now: &Column) -> Verdict {
    if now.generated != then.generated {
        return match (&then.generated, &now.generated) {
            (None, _) => Verdict::breaks("the release before writes it, and it is generated now"),
            (Some(_), None) => Verdict::breaks("the release before leaves it to the database, which fills it no more"),
            (Some(_), Some(_)) => Verdict::unknown("it is computed in another way"),
        };
    }
    if now.identity == Some('a') && then.identity != Some('a') {
        return Verdict::breaks("the database refuses to be given it, and the release before may give it");
    }
    match (fills_itself(then), fills_itself(now)) {
        (true, false) => Verdict::breaks("the release before may leave it to its default, which is gone"),
        (true, true) if then.default != now.default && now.identity.is_none() => {
            Verdict::unknown("the release before may count on the default that it had")
        }
        _ => Verdict::Safe,
    }
}

fn index(delta: &Delta<Definition>, (table, then, now): (&ObjectName, &Schema, &Schema)) -> Verdict {
    let is_unique = |index: &Definition| index.definition.starts_with("CREATE UNIQUE");
    match delta {
        Delta::Added(index) if is_unique(index) => constraint::unique(&index.definition, (table, then, now)),
        Delta::Removed(index) if is_unique(index) => Verdict::unknown("an `ON CONFLICT` may need it"),
        Delta::Changed { then, now } if is_unique(then) || is_unique(now) => {
            Verdict::unknown("which rows it refuses cannot be compared")
        }
        _ => Verdict::Safe,
    }
}

fn overload(function: &Definition, then: &Schema) -> Verdict {
    let base = |name: &ObjectName| (name.schema.clone(), name.name.split('(').next().unwrap_or_default().to_owned());
    match then.functions.iter().any(|it| base(&it.name) == base(&function.name)) {
        true => Verdict::unknown("a call may now mean this one, or be ambiguous"),
        false => Verdict::Safe,
    }
}

fn definition(delta: &Delta<Definition>, why: &str) -> Verdict {
    match delta {
        Delta::Added(_) => Verdict::Safe,
        Delta::Removed(_) => Verdict::breaks("the release before may use it"),
        Delta::Changed { .. } => Verdict::unknown(why),
    }
}

fn user_type(delta: &Delta<UserType>) -> Verdict {
    match delta {
        Delta::Added(_) => Verdict::Safe,
        Delta::Removed(_) => Verdict::breaks("the release before may use it"),
        Delta::Changed { then, now } if then.labels.iter().any(|label| !now.labels.contains(label)) => {
            Verdict::breaks("the release before may write a label that is gone")
        }
        Delta::Changed { then, now } if then.labels.len() < now.labels.len() => {
            Verdict::unknown("the release before may meet a label that it does not know")
        }
        Delta::Changed { .. } => Verdict::unknown("which values it takes cannot be compared"),
    }
}

/// The one that matters most: what breaks before what is unknown.
fn worst(verdicts: [Verdict; 3]) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Breaks(_) => 0,
        Verdict::Unknown(_) => 1,
        Verdict::Safe => 2,
    };
    verdicts.into_iter().min_by_key(rank).unwrap_or(Verdict::Safe)
}
