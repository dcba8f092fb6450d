//! All facts together, and what they come to.

use backout_core::data::{DatabaseReadiness, Surroundings, obstacles};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::content::Content;
use super::server::Server;
use super::traffic::Traffic;
use super::{content, disk, pooler, server, traffic};
use crate::Target;
use crate::look::catalog::qualified;
use crate::look::collations::changed_collations;
use crate::look::contents::{extensions, system_identifier};

/// Looks at everything that a rollback will meet, as the administrating role and in the database itself.
///
/// # Errors
/// Where the database cannot be reached.
pub(crate) async fn readiness(target: &Target) -> Result<DatabaseReadiness, PortError> {
    let address = target.admin_address().await?;
    let session = address.connect().await?;
    let client = &*session;
    let client_version = server::client_version(target, &address).await;
    let is_pooled = pooler::is_pooled(&address).await.unwrap_or(false);
    qualified(client, gathered(client, (client_version, is_pooled))).await
}

async fn gathered(
    client: &Client,
    (client_version, is_pooled): (Option<u32>, bool),
) -> Result<DatabaseReadiness, PortError> {
    let server = server::server(client).await?;
    let traffic = traffic::traffic(client).await?;
    let content = content::content(client).await?;
    let changed = changed_collations(client, server.version).await?;
    let collations = changed.into_iter().map(|changed| changed.what).collect();
    let around = Surroundings { collations, is_pooled, ..around(&server, &traffic, &content) };
    let seen = DatabaseReadiness {
        server_version: server.version,
        client_version,
        system_identifier: system_identifier(client).await,
        wal_level: server.wal_level,
        archives_log: server.archives_log,
        bytes: server.bytes,
        free_bytes: disk::free_bytes(client).await,
        role: server.role,
        may_create: server.may_create,
        is_owner: server.is_owner,
        may_terminate: server.may_terminate,
        slots: traffic.slots,
        subscriptions: traffic.subscriptions,
        replicas: traffic.replicas,
        prepared: traffic.prepared,
        long_transactions: traffic.long_transactions,
        extensions: extensions(client).await?,
        without_key: content.without_key,
        unlogged: content.unlogged,
        large_objects: content.large_objects,
        obstacles: Vec::new(),
    };
    Ok(DatabaseReadiness { obstacles: obstacles(&seen, &around), ..seen })
}

/// What was seen on the way and only matters for the obstacles that it makes.
fn around(server: &Server, traffic: &Traffic, content: &Content) -> Surroundings {
    Surroundings {
        foreign_sessions: traffic.foreign_sessions.clone(),
        running_dumps: traffic.running_dumps.clone(),
        tablespaces: content.tablespaces.clone(),
        event_triggers: content.event_triggers.clone(),
        connections: server.connections,
        invalid_databases: server.invalid_databases.clone(),
        ..Surroundings::default()
    }
}
