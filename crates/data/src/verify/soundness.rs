//! V4: whether what came out is sound, and young enough.

use backout_core::data::{Level, RestorePoint};
use backout_core::policy::{Check, Verdict};
use tokio_postgres::Client;

use super::found::{Found, fails, holds, unmeasurable};
use crate::Target;
use crate::look::{amcheck, checksums, collations, foreign_keys, integrity, sequence_ends};

/// Indexes against their tables, foreign keys against their rows, sequences against their columns, the configured queries,
/// and the age where it counts; and what the server that was dumped has noticed itself.
pub(super) async fn soundness(target: &Target, point: &RestorePoint, trial: &Client, found: &mut Found) {
    let mut checks = amcheck(trial).await;
    checks.push(foreign_keys(trial).await);
    checks.push(sequence_ends(trial).await);
    checks.extend(integrity(trial, &target.configured.integrity).await);
    checks.extend(freshness(target, point));
    found.add(Level::V4, checks);
    of_source(target, found).await;
}

/// What the database that was dumped can be asked.
///
/// | seen there             | counts | because                                                                     |
/// |------------------------|--------|-----------------------------------------------------------------------------|
/// | a checksum failed      | yes    | rows may be dumped off damaged pages: `ignore_checksum_failure`             |
/// | no checksums are kept  | no     | that is how most servers are set up                                         |
/// | a collation changed    | no     | a restore builds its indexes anew; the database in use wants the `REINDEX`  |
/// | it does not answer     | no     | a restore point is there for when it does not                               |
async fn of_source(target: &Target, found: &mut Found) {
    let source = match target.session().await {
        Ok(source) => source,
        Err(error) => {
            let what = format!("the server that was dumped cannot be asked: {error}");
            return found.note([unmeasurable("no checksum failed", what)]);
        }
    };
    match checksums(&source).await {
        check if check.verdict == Verdict::Unmeasurable => found.note([check]),
        check => found.add(Level::V4, [check]),
    }
    found.note([collations(&source).await]);
}

fn freshness(target: &Target, point: &RestorePoint) -> Option<Check> {
    let limit = target.configured.backup.as_ref()?.fresh?;
    let age = target.clock.now().duration_since(point.taken_at);
    let age = std::time::Duration::try_from(age).unwrap_or_default();
    let what = format!("it is {} minutes old; {} are allowed", age.as_secs() / 60, limit.as_secs() / 60);
    Some(if age <= limit { holds("fresh", what) } else { fails("fresh", what) })
}
