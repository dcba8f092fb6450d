//! Whether there is room for a copy, where that can be found out: on a server of this very machine.

use std::path::Path;

use backout_core::port::PortError;
use rustix::fs::statvfs;
use tokio_postgres::Client;

use crate::Address;

/// How much more room than the database takes a restore wants, in percent: indexes are sorted, and the log grows.
const PERCENT: u64 = 130;

/// Refuses where a copy of so many bytes does not fit beside what is there. Not knowing is no refusal.
pub(super) async fn enough(client: &Client, server: &Address, tablespace: &str, bytes: u64) -> Result<(), PortError> {
    let Some((place, free)) = free(client, server, tablespace).await else { return Ok(()) };
    let wanted = bytes.saturating_mul(PERCENT) / 100;
    if free >= wanted {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
    Err(PortError::new(format!(
        "there is no room for a copy: {} MiB are wanted in {place}, and {} MiB are free",
        mib(wanted),
        mib(free)
    ))
    .hint(
        "make room, for example with `backout backup drop-aside NAME` for a database that was put aside; \
         nothing was changed",
    ))
}

/// Where a tablespace is, and how many bytes are free there.
async fn free(client: &Client, server: &Address, tablespace: &str) -> Option<(String, u64)> {
    let is_here = server.variables().iter().any(|(name, host)| {
        *name == "PGHOST" && (host.starts_with('/') || ["localhost", "127.0.0.1", "::1"].contains(&host.as_str()))
    });
    if !is_here {
        return None;
    }
    let query = "SELECT coalesce(nullif(pg_tablespace_location(t.oid), ''), current_setting('data_directory')), \
                 current_setting('data_directory') FROM pg_tablespace t WHERE t.spcname = $1";
    let row = client.query_opt(query, &[&tablespace]).await.ok()??;
    let (place, data): (String, String) = (row.get(0), row.get(1));
    // A server in a container says a folder that is none here, or another one.
    if !Path::new(&data).join("postmaster.pid").is_file() {
        return None;
    }
    let disk = statvfs(&place).ok()?;
    Some((place, disk.f_bavail.saturating_mul(disk.f_frsize)))
}
