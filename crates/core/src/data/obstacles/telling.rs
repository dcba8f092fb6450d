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

/// An obstacle that names what there is, where there is something.
pub(super) fn some(names: &[String], obstacle: impl FnOnce(String) -> Obstacle) -> Option<Obstacle> {
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        1..=NAMED => Some(obstacle(named)),
        many => Some(obstacle(format!("{named} and {} more", many - NAMED))),
    }
}
