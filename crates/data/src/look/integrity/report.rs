//! Everything that can be asked about the soundness of any database.

use backout_core::policy::{Check, Verdict};
use tokio_postgres::Client;

use super::{btree, foreign_keys, sequence_ends, server_state};

/// Indexes and pages, foreign keys, sequences against the columns that they fill, checksums, collations. What cannot be
/// asked is unmeasurable and says why. Reads every row and every index: minutes on a large database. Changes nothing.
pub(crate) async fn integrity_report(client: &Client) -> Vec<Check> {
    let mut checks = btree::amcheck(client).await;
    checks.push(foreign_keys::foreign_keys(client).await);
    checks.push(sequence_ends::sequence_ends(client).await);
    checks.push(server_state::checksums(client).await);
    checks.push(server_state::collations(client).await);
    checks
}

/// One check.
pub(super) fn check(name: &str, verdict: Verdict, what: impl Into<String>) -> Check {
    Check { name: name.to_owned(), verdict, what: what.into(), was_red_before: false }
}

/// The check of things that are sound unless they are in a list.
pub(super) fn check_of(name: &str, bad: &[String], well: impl Into<String>) -> Check {
    match bad {
        [] => check(name, Verdict::Healthy, well),
        bad => check(name, Verdict::Unhealthy, bad.join("; ")),
    }
}
