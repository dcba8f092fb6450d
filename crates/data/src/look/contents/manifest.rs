//! The manifest of what is in a database.

use std::collections::BTreeMap;

use backout_core::data::{Manifest, Snapshot};
use backout_core::id::BackupId;
use backout_core::inventory::BlobRef;
use backout_core::port::PortError;
use jiff::Timestamp;
use tokio_postgres::Client;

use super::tables::server_version;
use super::{Hashes, constraints, contents, extensions, large_objects, properties, roles, sequences};
use crate::Target;
use crate::look::catalog::{qualified, row};
use crate::look::schema;
use crate::migrate;

/// What a manifest says and no catalog knows.
pub(crate) struct ManifestHead {
    /// The restore point.
    pub(crate) backup: BackupId,
    /// When the snapshot was taken; `None` is the moment that the open transaction began, by the server's clock.
    pub(crate) taken_at: Option<Timestamp>,
    /// The snapshot.
    pub(crate) snapshot: Option<Snapshot>,
    /// The log's position.
    pub(crate) lsn: Option<String>,
    /// The logical slot that keeps every change since.
    pub(crate) slot: Option<String>,
    /// Down scripts and migration graph.
    pub(crate) vault: Option<BlobRef>,
    /// Versions of the programs.
    pub(crate) tools: BTreeMap<String, String>,
    /// Whether rows are hashed.
    pub(crate) hashes: Hashes,
}

/// Everything that a manifest holds, over this one connection, in the transaction that its caller opened: with the
/// snapshot of a dump, what it says is what the dump holds. Sequences are the exception, which know no snapshots: whoever dumps
/// meanwhile reads them before that.
///
/// # Errors
/// What cannot be read.
pub(crate) async fn content_manifest(
    client: &Client,
    target: &Target,
    head: ManifestHead,
) -> Result<Manifest, PortError> {
    let (dbname, began) = moment(client).await?;
    Ok(Manifest {
        version: 1,
        backup: head.backup,
        database: target.configured.name.clone(),
        taken_at: head.taken_at.unwrap_or(began),
        server_version: server_version(client).await?,
        system_identifier: system_identifier(client).await,
        snapshot: head.snapshot,
        lsn: head.lsn,
        slot: head.slot,
        sequences: sequences(client).await?,
        tables: contents(client, head.hashes).await?,
        constraints: constraints(client).await?,
        properties: properties(client, &dbname).await?,
        extensions: extensions(client).await?,
        roles: roles(client).await?,
        large_objects: large_objects(client).await?,
        schema: schema(client).await?,
        ledgers: migrate::ledgers(client).await?,
        vault: head.vault,
        tools: head.tools,
        dbname,
    })
}

/// The database's name, and when the transaction began.
async fn moment(client: &Client) -> Result<(String, Timestamp), PortError> {
    let query = "SELECT current_database()::text, (extract(epoch FROM transaction_timestamp()) * 1000000)::int8";
    let row = row(client, "the server's clock", query).await?;
    let began = Timestamp::from_microsecond(row.get(1))
        .map_err(|error| PortError::new(format!("the server's clock shows no time: {error}")))?;
    Ok((row.get(0), began))
}

/// Which cluster it is; `None` where the role may not ask.
pub(in crate::look) async fn system_identifier(client: &Client) -> Option<String> {
    let query = "SELECT system_identifier::text FROM pg_control_system()";
    qualified(client, async { Ok(row(client, "the cluster's identifier", query).await?.get(0)) }).await.ok()
}
