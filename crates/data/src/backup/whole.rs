//! Whether a dump file has everything that a database has that nobody writes to any more.

use backout_core::data::{Manifest, compare};
use backout_core::id::BackupId;
use backout_core::policy::{Check, Verdict};
use backout_core::port::{BackupOrder, ForeignDump, PortError, Progress};

use super::import::restored;
use crate::Target;
use crate::look::{Hashes, ManifestHead, content_manifest};
use crate::words::failed;

/// Restores the dump at `file` into a server of its own and compares what comes out with `dbname`, row for row and key for
/// key.
///
/// # Errors
/// What is no dump, does not restore, or is not equal; and where that could not be found out, because what is not known to be
/// equal must be taken for different.
pub(crate) async fn is_whole(
    target: &Target,
    file: &str,
    dbname: &str,
    progress: &dyn Progress,
) -> Result<(), PortError> {
    // The number only names the trial, which has a server to itself.
    let order = BackupOrder { id: BackupId::mint(target.clock.now(), 0), run: None, vault: None, is_as_it_is: false };
    let (_, found, _) = restored(target, ForeignDump::At(file), &order, progress).await?;
    let expected = contents_of(target, dbname, &found).await?;
    let wrong: Vec<Check> =
        compare(&expected, &found).into_iter().filter(|check| check.verdict != Verdict::Healthy).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let wrong: Vec<String> = wrong.iter().map(|check| format!("{}: {}", check.name, check.what)).collect();
    Err(PortError::new(format!("{file} is not known to be a whole dump of `{dbname}`: {}", wrong.join("; "))))
}

async fn contents_of(target: &Target, dbname: &str, like: &Manifest) -> Result<Manifest, PortError> {
    let wrong = |error| failed(&format!("could not read `{dbname}`"), &error);
    let session = target.admin(dbname).await?;
    session.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(wrong)?;
    let head = ManifestHead {
        backup: like.backup.clone(),
        taken_at: Some(like.taken_at),
        snapshot: None,
        lsn: None,
        slot: None,
        vault: None,
        tools: like.tools.clone(),
        hashes: Hashes::All,
    };
    content_manifest(&session, target, head).await
}
