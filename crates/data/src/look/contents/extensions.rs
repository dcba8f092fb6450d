//! Extensions and roles: what a dump names and does not bring.

use backout_core::data::Extension;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::look::catalog::{RELATION_COUNTS, rows};

/// Extensions with their versions, by name. A dump says `CREATE EXTENSION` without a version: a restore takes the newest.
///
/// # Errors
/// Where the catalogs cannot be read.
pub(crate) async fn extensions(client: &Client) -> Result<Vec<Extension>, PortError> {
    let query = "SELECT extname::text, extversion FROM pg_catalog.pg_extension";
    let found = rows(client, "the extensions", query).await?;
    let mut extensions: Vec<Extension> =
        found.iter().map(|row| Extension { name: row.get(0), version: row.get(1) }).collect();
    extensions.sort();
    Ok(extensions)
}

/// Roles that own or are granted something in the database, by name: a restore needs them to be there.
///
/// # Errors
/// Where the catalogs cannot be read.
pub(crate) async fn roles(client: &Client) -> Result<Vec<String>, PortError> {
    // The role that made the cluster is pinned: what it owns is not among the shared dependencies.
    let query = format!(
        "SELECT r.rolname::text FROM pg_roles r WHERE r.oid IN (SELECT s.refobjid FROM pg_shdepend s \
           WHERE s.refclassid = 'pg_authid'::regclass AND (s.dbid = (SELECT d.oid FROM pg_database d \
             WHERE d.datname = current_database()) OR s.classid = 'pg_database'::regclass AND s.objid = \
             (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))) \
         OR r.oid IN (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()) \
         OR r.oid IN (SELECT c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
           WHERE {RELATION_COUNTS})"
    );
    let found = rows(client, "the roles", &query).await?;
    let mut roles: Vec<String> = found.iter().map(|row| row.get(0)).collect();
    roles.sort();
    Ok(roles)
}
