//! What a deploy has broken that no signal shows: integrity queries and smoke checks that held before it, and do not after it.

use jiff::Timestamp;

use crate::policy::{Check, Finding, Judgement, Verdict};

/// The verdict where a check that held before the deploy fails now: an integrity query of a database, or a smoke check. What
/// failed before, or was not measured then, is not blamed on the deploy, nor is what is only advice.
#[must_use]
pub fn broken_integrity(before: &[Check], now: &[Check], at: Timestamp) -> Option<Judgement> {
    let held = |check: &&Check| before.iter().any(|was| was.name == check.name && was.verdict == Verdict::Healthy);
    let broken = now.iter().filter(|check| check.blocks()).filter(held);
    let findings: Vec<Finding> = broken
        .map(|check| Finding {
            subject: check.name.clone(),
            what: format!("{}; it held before the deploy", check.what),
            was_before: false,
        })
        .collect();
    (!findings.is_empty()).then_some(Judgement {
        first_bad_at: Some(at),
        findings,
        ..Judgement::plain(Verdict::Unhealthy, at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_held_before_is_blamed_on_the_deploy() {
        let check = |verdict| Check {
            name: "main: sums".to_owned(),
            verdict,
            what: "f".to_owned(),
            was_red_before: false,
            is_advisory: false,
        };
        for (before, now, is_broken) in [
            (Verdict::Healthy, Verdict::Unhealthy, true),
            (Verdict::Healthy, Verdict::Unmeasurable, false),
            (Verdict::Healthy, Verdict::Healthy, false),
            (Verdict::Unhealthy, Verdict::Unhealthy, false),
            (Verdict::Unmeasurable, Verdict::Unhealthy, false),
        ] {
            let judged = broken_integrity(&[check(before)], &[check(now)], Timestamp::UNIX_EPOCH);
            assert_eq!(judged.is_some(), is_broken, "{before}, then {now}");
        }
        assert!(broken_integrity(&[], &[check(Verdict::Unhealthy)], Timestamp::UNIX_EPOCH).is_none());
    }
}
