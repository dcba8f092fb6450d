//! The databases in use: whether every row is found through their indexes, and their pages are whole.

use std::time::Duration;

use backout_core::id::DatabaseName;
use backout_core::policy::{Check, Verdict};
use backout_engine::World;

use crate::commands::setup::check::finding::Finding;

/// How long reading one may take.
const READS_WITHIN: Duration = Duration::from_secs(120);

/// What to do about what is damaged.
const HINT: &str = "find out first what damaged it, the disk or a collation; an index is built anew while it is used by `REINDEX INDEX \
    CONCURRENTLY`, and every index by a restore beside the database; rows of a damaged page come back from a restore point: \
    `backout rollback --database NAME --rung side-by-side`";

/// A finding for everything that was looked at.
pub(in crate::commands::setup::check) async fn soundness(world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, database) in &world.databases {
        let checks = database.soundness(READS_WITHIN).await;
        findings.extend(checks.into_iter().map(|check| finding(name, check)));
    }
    findings
}

fn finding(name: &DatabaseName, check: Check) -> Finding {
    let about = format!("{name}: {}", check.name);
    match check.verdict {
        Verdict::Healthy => Finding::holds(about, check.what),
        Verdict::Unhealthy => Finding::fails(about, check.what).hint(HINT.replace("NAME", name.as_str())),
        Verdict::Inconclusive | Verdict::Unmeasurable => Finding::note(about, check.what),
    }
}
