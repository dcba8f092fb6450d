//! V4: whether what came out is sound, and young enough.

use backout_core::data::RestorePoint;
use backout_core::policy::Check;
use tokio_postgres::Client;

use super::found::{fails, holds};
use crate::Target;
use crate::look::{amcheck, integrity, sequence_ends};

/// Indexes against their tables, sequences against their columns, the configured queries, and the age where it counts.
pub(super) async fn soundness(target: &Target, point: &RestorePoint, trial: &Client) -> Vec<Check> {
    let mut checks = amcheck(trial).await;
    checks.push(sequence_ends(trial).await);
    checks.extend(integrity(trial, &target.configured.integrity).await);
    checks.extend(freshness(target, point));
    checks
}

fn freshness(target: &Target, point: &RestorePoint) -> Option<Check> {
    let limit = target.configured.backup.as_ref()?.fresh?;
    let age = target.clock.now().duration_since(point.taken_at);
    let age = std::time::Duration::try_from(age).unwrap_or_default();
    let what = format!("it is {} minutes old; {} are allowed", age.as_secs() / 60, limit.as_secs() / 60);
    Some(if age <= limit { holds("fresh", what) } else { fails("fresh", what) })
}
