//! What `backout explain NAME` prints: a page a refusal.

use super::RefusalName;

/// The page of a refusal, as Markdown: what happened, why nothing is changed, what to do, and how to override it where that
/// is possible.
#[must_use]
pub fn page(name: RefusalName) -> &'static str {
    match name {
        RefusalName::NoGoodCheckpoint => include_str!("pages/no-good-checkpoint.md"),
        RefusalName::TargetNotGood => include_str!("pages/target-not-good.md"),
        RefusalName::TargetIsWhatRuns => include_str!("pages/target-is-what-runs.md"),
        RefusalName::TargetGone => include_str!("pages/target-gone.md"),
        RefusalName::RollbackOfRollback => include_str!("pages/rollback-of-rollback.md"),
        RefusalName::SuspectNotRunning => include_str!("pages/suspect-not-running.md"),
        RefusalName::StaleFacts => include_str!("pages/stale-facts.md"),
        RefusalName::UnknownFacts => include_str!("pages/unknown-facts.md"),
        RefusalName::ApprovalMissing => include_str!("pages/approval-missing.md"),
        RefusalName::TooManyAutomatic => include_str!("pages/too-many-automatic.md"),
        RefusalName::DestinationUnhealthy => include_str!("pages/destination-unhealthy.md"),
        RefusalName::TargetDoesNotFit => include_str!("pages/target-does-not-fit.md"),
        RefusalName::SchemaIncompatible => include_str!("pages/schema-incompatible.md"),
        RefusalName::SchemaUnknown => include_str!("pages/schema-unknown.md"),
        RefusalName::DataNeedsPerson => include_str!("pages/data-needs-person.md"),
        RefusalName::LossNotAccepted => include_str!("pages/loss-not-accepted.md"),
        RefusalName::SlotsInTheWay => include_str!("pages/slots-in-the-way.md"),
        RefusalName::DatabaseNotReady => include_str!("pages/database-not-ready.md"),
        RefusalName::DatabaseUnknown => include_str!("pages/database-unknown.md"),
        RefusalName::BackupGone => include_str!("pages/backup-gone.md"),
        RefusalName::DamagedNotKept => include_str!("pages/damaged-not-kept.md"),
        RefusalName::NoWayBack => include_str!("pages/no-way-back.md"),
        RefusalName::OperationInProgress => include_str!("pages/operation-in-progress.md"),
        RefusalName::CoolingDown => include_str!("pages/cooling-down.md"),
        RefusalName::TooManyAtOnce => include_str!("pages/too-many-at-once.md"),
        RefusalName::Quarantined => include_str!("pages/quarantined.md"),
        RefusalName::NotKeptFirst => include_str!("pages/not-kept-first.md"),
        RefusalName::NotConfirmed => include_str!("pages/not-confirmed.md"),
        RefusalName::DrillNotAllowed => include_str!("pages/drill-not-allowed.md"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_page_of_its_own() {
        for name in RefusalName::ALL {
            let page = page(name);
            assert!(page.starts_with(&format!("# {name}\n")), "{name}");
            assert!((10..=26).contains(&page.lines().count()), "{name} has {} lines", page.lines().count());
            for part in ["What happened: ", "Why backout refuses: ", "What to do: ", "\n    backout "] {
                assert!(page.contains(part), "{name} does not say: {part}");
            }
        }
    }

    #[test]
    fn a_page_says_how_to_force_it_if_and_only_if_that_is_possible() {
        for name in RefusalName::ALL {
            let says = page(name).contains(&format!("--force {name}"));
            assert_eq!(says, name.can_be_forced(), "{name}");
            assert_eq!(page(name).contains("cannot be overridden"), !name.can_be_forced(), "{name}");
        }
    }
}
