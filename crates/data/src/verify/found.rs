//! What was found, and the level that it comes to.

use backout_core::data::Level;
use backout_core::policy::{Check, Verdict};

/// Every level, the lowest first.
const LEVELS: [Level; 5] = [Level::V0, Level::V1, Level::V2, Level::V3, Level::V4];

/// Checks, each of a level, or of none.
#[derive(Debug, Default)]
pub(super) struct Found(Vec<(Option<Level>, Check)>);

impl Found {
    /// Adds the checks of a level.
    pub(super) fn add(&mut self, level: Level, checks: impl IntoIterator<Item = Check>) {
        self.0.extend(checks.into_iter().map(|check| (Some(level), check)));
    }

    /// Adds checks that are told, and keep no level from being reached.
    pub(super) fn note(&mut self, checks: impl IntoIterator<Item = Check>) {
        self.0.extend(checks.into_iter().map(|check| (None, check)));
    }

    /// The highest level all of whose checks hold, and those of the levels before it. One without checks is not reached.
    pub(super) fn reached(&self) -> Option<Level> {
        let holds = |level: &Level| {
            let mut checks = self.0.iter().filter(|(of, _)| *of == Some(*level)).peekable();
            checks.peek().is_some() && checks.all(|(_, check)| check.verdict == Verdict::Healthy)
        };
        LEVELS.into_iter().take_while(holds).last()
    }

    /// The checks, in the order in which they were made.
    pub(super) fn into_checks(self) -> Vec<Check> {
        self.0.into_iter().map(|(_, check)| check).collect()
    }
}

/// A check that holds.
pub(super) fn holds(name: &str, what: impl Into<String>) -> Check {
    check(name, Verdict::Healthy, what)
}

/// A check that does not.
pub(super) fn fails(name: &str, what: impl Into<String>) -> Check {
    check(name, Verdict::Unhealthy, what)
}

/// A check that could not be made.
pub(super) fn unmeasurable(name: &str, what: impl Into<String>) -> Check {
    check(name, Verdict::Unmeasurable, what)
}

fn check(name: &str, verdict: Verdict, what: impl Into<String>) -> Check {
    Check { name: name.to_owned(), verdict, what: what.into(), was_red_before: false, is_advisory: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_reached_where_all_before_it_hold() {
        let mut found = Found::default();
        assert_eq!(found.reached(), None);
        found.add(Level::V0, [holds("stored", "")]);
        found.add(Level::V1, [holds("decoded", "")]);
        found.note([unmeasurable("no checksum failed", "")]);
        assert_eq!(found.reached(), Some(Level::V1));
        found.add(Level::V2, [holds("restored", ""), unmeasurable("amcheck", "")]);
        found.add(Level::V3, [holds("rows", "")]);
        assert_eq!(found.reached(), Some(Level::V1));
    }

    #[test]
    fn nothing_is_reached_over_a_failure_at_the_bottom() {
        let mut found = Found::default();
        found.add(Level::V0, [fails("stored", "")]);
        found.add(Level::V1, [holds("decoded", "")]);
        assert_eq!(found.reached(), None);
    }
}
