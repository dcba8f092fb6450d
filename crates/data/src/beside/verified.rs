//! Whether a copy is what its restore point says: row for row, key for key.

use backout_core::data::{DatabaseProperties, Manifest, ObjectName, compare, compare_properties};
use backout_core::policy::Check;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::Target;
use crate::look::{Hashes, ManifestHead, content_manifest, foreign_keys, sequence_ends};
use crate::words::failed;

/// Reads a copy and compares it with the manifest; answers with what holds. `tables` are those that were restored, empty
/// is all.
pub(super) async fn contents(
    target: &Target,
    copy: &str,
    expected: &Manifest,
    tables: &[ObjectName],
) -> Result<Vec<Check>, PortError> {
    let found = found(target, copy, expected).await?;
    if tables.is_empty() {
        return whole(copy, compare(expected, &found));
    }
    let only = |manifest: &Manifest| Manifest {
        tables: manifest.tables.iter().filter(|table| tables.contains(&table.name)).cloned().collect(),
        ..manifest.clone()
    };
    let checks = compare(&only(expected), &only(&found));
    // Foreign keys and triggers were left out, and other tables are empty.
    whole(
        copy,
        checks.into_iter().filter(|check| ["tables", "rows", "contents"].contains(&check.name.as_str())).collect(),
    )
}

/// Whether the rows of a whole copy hold together. What does not was so when the restore point was taken, because the copy is
/// equal to it: it is told, and stops nothing. Nothing is said of collations, whose indexes were just built.
pub(super) async fn soundness(copy: &Client) -> Vec<Check> {
    vec![foreign_keys(copy).await, sequence_ends(copy).await]
}

/// Compares the properties of a copy with what was to be replayed on it.
pub(super) fn properties(
    copy: &str,
    expected: &DatabaseProperties,
    found: &DatabaseProperties,
) -> Result<Vec<Check>, PortError> {
    // Who may connect, and how many, is replayed by the swap, in the moment that it is to hold.
    let found =
        DatabaseProperties { acl: expected.acl.clone(), connection_limit: expected.connection_limit, ..found.clone() };
    whole(copy, compare_properties(expected, &found))
}

fn whole(copy: &str, checks: Vec<Check>) -> Result<Vec<Check>, PortError> {
    let wrong: Vec<String> =
        checks.iter().filter(|check| check.blocks()).map(|check| format!("{}: {}", check.name, check.what)).collect();
    if wrong.is_empty() {
        return Ok(checks);
    }
    Err(PortError::new(format!("the copy `{copy}` is not what its restore point says: {}", wrong.join("; ")))
        .hint("`backout backup verify` tells whether the restore point is sound; an older one may be"))
}

async fn found(target: &Target, copy: &str, expected: &Manifest) -> Result<Manifest, PortError> {
    let what = format!("could not read the copy `{copy}`");
    let session = target.admin(copy).await?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    session.batch_execute(begin).await.map_err(|error| failed(&what, &error))?;
    let hashes = match expected.tables.iter().any(|table| table.hash.is_some()) {
        true => Hashes::All,
        false => Hashes::None,
    };
    let head = ManifestHead {
        backup: expected.backup.clone(),
        taken_at: Some(expected.taken_at),
        snapshot: None,
        lsn: None,
        slot: None,
        vault: None,
        tools: expected.tools.clone(),
        hashes,
    };
    content_manifest(&session, target, head).await
}
