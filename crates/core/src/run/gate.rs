//! The gate between two batches of a gradual rollback.

use crate::policy::{Check, Verdict};

/// Whether the rest of a gradual rollback is to be done, by comparing the checks before it with those now. What was red
/// before the deploy counts for nothing, and what could not be measured proves nothing: neither a recovery nor a worsening.
///
/// | failing before | now                              | outcome   |
/// |----------------|----------------------------------|-----------|
/// | any            | one fails that held before       | worsened  |
/// | some           | every one of those holds, none fails | recovered |
/// | otherwise      |                                  | go on     |
#[must_use]
pub fn gate(before: &[Check], now: &[Check]) -> GateVerdict {
    let now_of = |check: &Check| now.iter().find(|later| later.name == check.name);
    let held_before =
        |check: &&Check| before.iter().any(|earlier| earlier.name == check.name && earlier.verdict == Verdict::Healthy);
    let mut failing_now = now.iter().filter(|check| check.blocks());
    if let Some(new) = failing_now.clone().find(held_before) {
        return GateVerdict::Worsened(format!("{}: {}", new.name, new.what));
    }
    let mut failing_before = before.iter().filter(|check| check.blocks()).peekable();
    let had_failures = failing_before.peek().is_some();
    let all_hold = failing_before.all(|check| now_of(check).is_some_and(|later| later.verdict == Verdict::Healthy));
    if had_failures && all_hold && failing_now.next().is_none() { GateVerdict::Recovered } else { GateVerdict::GoOn }
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateVerdict {
    /// Do the next batch.
    GoOn,
    /// The rest need not be done.
    Recovered,
    /// The rest must not be done; the sentence says what got worse.
    Worsened(String),
}
