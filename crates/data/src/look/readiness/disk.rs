//! Free space where the database's files are.

use std::path::PathBuf;

use tokio_postgres::Client;

use crate::look::catalog::{qualified, row};

/// Free space where the database's files are, in bytes: `None` unless the server is on this machine and the role may know
/// where it keeps them (a superuser, or a member of `pg_read_all_settings`).
pub(super) async fn free_bytes(client: &Client) -> Option<u64> {
    let read = qualified(client, async { row(client, "the server's folder", FOLDER).await });
    let folder = read.await.ok()?.get::<_, Option<String>>(0)?;
    let stat = rustix::fs::statvfs(PathBuf::from(folder)).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The folder of the database's tablespace, where we have come through a socket or a loopback address. A server in a
/// container is reached through a port of its host, and sees another address; its folders are not ours.
const FOLDER: &str = "SELECT CASE WHEN inet_server_addr() IS NULL OR inet_server_addr() <<= '127.0.0.0/8' \
      OR inet_server_addr() = '::1' THEN coalesce(nullif(pg_tablespace_location(d.dattablespace), ''), \
        current_setting('data_directory')) END \
    FROM pg_database d WHERE d.datname = current_database()";
