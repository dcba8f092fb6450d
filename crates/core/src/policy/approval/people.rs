//! Names of people: who is one person, and how many are enough.

use std::collections::BTreeSet;

/// One name for each person: the first that was given. Case and surrounding spaces make nobody another person, and whoever started
/// it is one under the name of the login and with the machine: `anna`, `anna@web1`.
#[must_use]
pub fn people<'a>(names: impl Iterator<Item = &'a str>, starter: &str) -> BTreeSet<String> {
    let starter = starter.trim().to_lowercase();
    let login = starter.split('@').next().unwrap_or_default().to_owned();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut people = BTreeSet::new();
    for name in names.map(str::trim).filter(|name| !name.is_empty()) {
        let lower = name.to_lowercase();
        let is_starter = !starter.is_empty() && (lower == starter || lower == login);
        if known.insert(if is_starter { login.clone() } else { lower }) {
            people.insert(name.to_owned());
        }
    }
    people
}

/// Whether so many are as many as must agree.
#[must_use]
pub fn is_enough(agreed: usize, people: u32) -> bool {
    usize::try_from(people).is_ok_and(|people| agreed >= people)
}
