//! How a check about the soundness of data is told.

use backout_core::policy::{Check, Verdict};

/// One check.
pub(super) fn check(name: &str, verdict: Verdict, what: impl Into<String>) -> Check {
    Check { name: name.to_owned(), verdict, what: what.into(), was_red_before: false, is_advisory: false }
}

/// The check of things that are sound unless they are in a list.
pub(super) fn check_of(name: &str, bad: &[String], well: impl Into<String>) -> Check {
    match bad {
        [] => check(name, Verdict::Healthy, well),
        bad => check(name, Verdict::Unhealthy, bad.join("; ")),
    }
}
