//! V3: whether what came out is what went in.

use backout_core::data::{Manifest, compare};
use backout_core::policy::Check;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::Target;
use crate::look::{Hashes, ManifestHead, content_manifest};
use crate::words::failed;

/// A check for each kind of thing; see [`compare`].
///
/// # Errors
/// What cannot be read of the trial.
pub(super) async fn contents(target: &Target, expected: &Manifest, trial: &Client) -> Result<Vec<Check>, PortError> {
    Ok(compare(expected, &found(target, expected, trial).await?))
}

async fn found(target: &Target, expected: &Manifest, trial: &Client) -> Result<Manifest, PortError> {
    let head = ManifestHead {
        backup: expected.backup.clone(),
        taken_at: Some(expected.taken_at),
        snapshot: None,
        lsn: None,
        slot: None,
        vault: None,
        tools: expected.tools.clone(),
        hashes: Hashes::All,
    };
    let failed = |error| failed("could not read what was restored", &error);
    trial.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?;
    let found = content_manifest(trial, target, head).await;
    trial.batch_execute("ROLLBACK").await.map_err(failed)?;
    found
}
