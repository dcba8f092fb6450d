//! Registers a dump of another tool where it lies.
//!
//! Such a dump has no manifest, and nobody knows its snapshot. So it is restored into a server of its own, and what comes
//! out is read there. What no dump holds (owner, access, settings of the database) is taken from the database as it is now.

mod lying;
mod recognized;

use std::sync::Arc;

use backout_core::data::{Level, Manifest, PointKind, RestorePoint, StoredObject};
use backout_core::inventory::BlobRef;
use backout_core::policy::Verdict;
use backout_core::port::{BackupOrder, ForeignDump, PortError, Ports, Progress};
use jiff::Timestamp;
use tokio_postgres::Client;

use crate::Target;
use crate::look::{Hashes, ManifestHead, content_manifest, properties};
use crate::pipe::{Counted, Moved, blocking, watched};
use crate::restore::Dump;
use crate::seal::{self, Hashing};
use crate::verify::{Needs, Trial, decoded};
use crate::words::failed;
use lying::{Lying, lying};

/// Registers a dump, which stays where it is: it is read to its end and restored once.
///
/// # Errors
/// What is not there or is no dump, does not decode or does not restore; a database that cannot be asked for what no dump
/// holds.
pub(crate) async fn import(
    target: &Target,
    dump: ForeignDump<'_>,
    order: &BackupOrder,
    ports: Ports<'_>,
) -> Result<RestorePoint, PortError> {
    let began = target.clock.now();
    let (mut point, manifest, bytes) = restored(target, dump, order, ports.progress).await?;
    let content = serde_json::to_vec(&manifest)
        .map_err(|error| PortError::new(format!("the manifest could not be written: {error}")))?;
    point.database_bytes = bytes;
    point.manifest = ports.blobs.put(&content).await?;
    point.verified = Some(Level::V2);
    point.took_ms = u64::try_from(target.clock.now().duration_since(began).as_millis()).unwrap_or(0);
    Ok(point)
}

/// Reads a dump to its end and restores it once: what it is, what came out, and the size of that in bytes.
pub(super) async fn restored(
    target: &Target,
    foreign: ForeignDump<'_>,
    order: &BackupOrder,
    progress: &dyn Progress,
) -> Result<(RestorePoint, Manifest, u64), PortError> {
    let point = registered(target, foreign, order, progress).await?;
    let dump = Dump::of(target, &point).await?;
    let check = decoded(target, &dump, progress).await?;
    if check.verdict != Verdict::Healthy {
        let found = match (foreign, point.objects.first()) {
            (ForeignDump::NewestUnder(_), Some(object)) => format!("{}{}", point.store, object.name),
            _ => foreign.to_string(),
        };
        return Err(PortError::new(format!("{found} cannot be registered: {}", check.what)));
    }
    let (manifest, bytes) = tried(target, &point, order, progress).await?;
    Ok((point, manifest, bytes))
}

/// Restores it once: what came out, and its size in bytes.
async fn tried(
    target: &Target,
    point: &RestorePoint,
    order: &BackupOrder,
    progress: &dyn Progress,
) -> Result<(Manifest, u64), PortError> {
    let address = target.admin_address().await?;
    let live = address.connect().await?;
    let roles = roles(&live).await?;
    let properties = properties(&live, address.dbname()).await?;
    drop(live);
    let (extensions, server_version, not_cluster) = (&[], None, None);
    let needs = Needs { roles: &roles, extensions, properties: Some(&properties), server_version, not_cluster };
    let trial = Trial::of(target, point, &needs, progress).await.map_err(PortError::from)?;
    let manifest = found(target, point, order, &trial.session).await?;
    let bytes = size(&trial.session).await?;
    // The identifier is that of the trial, which says nothing about where the dump comes from.
    Ok((Manifest { dbname: address.dbname().to_owned(), properties, system_identifier: None, ..manifest }, bytes))
}

/// The files with their checksums. What a restore of it brings is not known yet.
async fn registered(
    target: &Target,
    foreign: ForeignDump<'_>,
    order: &BackupOrder,
    progress: &dyn Progress,
) -> Result<RestorePoint, PortError> {
    let Lying { store, files, kind, changed } = lying(target, foreign).await?;
    let place = store.place();
    let moved = Moved::begin(progress, "read", None);
    let done = Arc::clone(&moved.done);
    let summed = move || {
        let sum = |name: String| {
            let mut content = Counted::new(store.read_from(&name, 0)?, Arc::clone(&done));
            let mut hashing = Hashing::new(std::io::sink());
            let copied = std::io::copy(&mut content, &mut hashing);
            copied.map_err(|error| seal::failed(&format!("could not read `{name}`"), &error))?;
            let (_, sum) = hashing.finish();
            Ok(StoredObject { name, bytes: sum.bytes, sha256: sum.sha256 })
        };
        files.into_iter().map(sum).collect::<Result<Vec<_>, PortError>>()
    };
    let objects = watched(&moved, blocking(summed)).await?;
    Ok(unknown(target, order, kind, (place, objects), changed))
}

/// What is known before it was restored.
fn unknown(
    target: &Target,
    order: &BackupOrder,
    kind: PointKind,
    lies: (String, Vec<StoredObject>),
    taken_at: Timestamp,
) -> RestorePoint {
    let (store, objects) = lies;
    RestorePoint {
        id: order.id.clone(),
        database: target.configured.name.clone(),
        taken_at,
        run: order.run.clone(),
        kind,
        store,
        objects,
        manifest: BlobRef { digest: backout_core::id::Digest::of(b""), bytes: 0 },
        database_bytes: 0,
        took_ms: 0,
        restore_name: None,
        verified: None,
    }
}

async fn found(
    target: &Target,
    point: &RestorePoint,
    order: &BackupOrder,
    trial: &Client,
) -> Result<Manifest, PortError> {
    let head = ManifestHead {
        backup: point.id.clone(),
        taken_at: Some(point.taken_at),
        snapshot: None,
        lsn: None,
        slot: None,
        vault: order.vault.clone(),
        tools: std::collections::BTreeMap::new(),
        hashes: Hashes::All,
    };
    content_manifest(trial, target, head).await
}

/// Every role of the server: one that a dump names and that is not among them would be missing when it is restored, too.
async fn roles(live: &Client) -> Result<Vec<String>, PortError> {
    let rows = live.query_typed("SELECT rolname::text FROM pg_roles ORDER BY 1", &[]).await;
    Ok(rows.map_err(|error| failed("could not read the roles", &error))?.iter().map(|row| row.get(0)).collect())
}

async fn size(trial: &Client) -> Result<u64, PortError> {
    let row = trial.query_typed_one("SELECT pg_database_size(current_database())", &[]).await;
    Ok(row.map_err(|error| failed("could not measure what was restored", &error))?.get::<_, i64>(0).unsigned_abs())
}
