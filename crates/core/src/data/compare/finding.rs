//! One check out of many single differences.

use crate::policy::{Check, Verdict};

/// How many differences are named; the rest is counted.
const NAMED: usize = 20;

/// What comparing one kind of thing came to.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// What differs, each in a clause.
    pub(super) found: Vec<String>,
    /// What could not be compared, and why.
    pub(super) undecided: Vec<String>,
}

impl Differences {
    /// The check: `well` says what was seen where nothing differs.
    pub(super) fn check(&self, name: &str, well: impl Into<String>) -> Check {
        let (verdict, what) = match (self.found.as_slice(), self.undecided.as_slice()) {
            ([], []) => (Verdict::Healthy, well.into()),
            ([], undecided) => (Verdict::Unmeasurable, listed(undecided)),
            (found, _) => (Verdict::Unhealthy, listed(found)),
        };
        Check { name: name.to_owned(), verdict, what, was_red_before: false, is_advisory: false }
    }

    /// Two values that must be equal.
    pub(super) fn equal<T: PartialEq + std::fmt::Display>(&mut self, what: &str, expected: &T, found: &T) {
        if expected != found {
            self.found.push(format!("{what}: {found} in place of {expected}"));
        }
    }
}

fn listed(clauses: &[String]) -> String {
    let named = clauses.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    match clauses.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

/// `1 row`, `7 rows`
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
