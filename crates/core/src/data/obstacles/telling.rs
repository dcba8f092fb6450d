//! How an obstacle is told.

use crate::data::Obstacle;

/// How many names a sentence has; the rest is counted.
const NAMED: usize = 5;

/// Obstacles that may be there.
pub(super) type Found = Vec<Option<Obstacle>>;

/// One that makes going back with the data impossible.
pub(super) fn blocks(name: &str, what: impl Into<String>, hint: impl Into<String>) -> Obstacle {
    Obstacle { name: name.to_owned(), what: what.into(), hint: hint.into(), blocks: true }
}

/// One that costs something.
pub(super) fn warns(name: &str, what: impl Into<String>, hint: impl Into<String>) -> Obstacle {
    Obstacle { blocks: false, ..blocks(name, what, hint) }
}

/// One that costs something and names what there is, where there is something: `what: name, name`.
pub(super) fn warns_of(name: &str, names: &[String], what: &str, hint: &str) -> Option<Obstacle> {
    listed(names).map(|names| warns(name, format!("{what}: {names}"), hint))
}

/// Names in a phrase; `None` where there are none.
pub(super) fn listed(names: &[String]) -> Option<String> {
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        1..=NAMED => Some(named),
        many => Some(format!("{named} and {} more", many - NAMED)),
    }
}
