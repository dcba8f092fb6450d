//! The server, the role that we are there, and the programs that speak to it.

use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::look::catalog::row;
use crate::{Address, Target};

/// What the server says of itself and of us.
pub(super) struct Server {
    pub(super) version: u32,
    pub(super) wal_level: String,
    pub(super) archives_log: bool,
    pub(super) bytes: u64,
    pub(super) role: (String, bool),
    pub(super) may_create: bool,
    pub(super) is_owner: bool,
    pub(super) may_terminate: bool,
    pub(super) connections: (u32, u32),
    pub(super) invalid_databases: Vec<String>,
}

pub(super) async fn server(client: &Client) -> Result<Server, PortError> {
    let query = "SELECT current_setting('server_version_num')::int4, current_setting('wal_level'), \
          current_setting('archive_mode') <> 'off', pg_database_size(d.oid), \
          r.rolname::text, r.rolsuper, r.rolsuper OR r.rolcreatedb, pg_has_role(d.datdba, 'USAGE'), \
          r.rolsuper OR pg_has_role('pg_signal_backend', 'USAGE'), \
          (SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL)::int4, \
          current_setting('max_connections')::int4, \
          ARRAY(SELECT datname::text FROM pg_database WHERE datconnlimit = -2 ORDER BY datname) \
        FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user";
    let row = row(client, "the server's settings", query).await?;
    Ok(Server {
        version: row.get::<_, i32>(0).unsigned_abs(),
        wal_level: row.get(1),
        archives_log: row.get(2),
        bytes: row.get::<_, i64>(3).unsigned_abs(),
        role: (row.get(4), row.get(5)),
        may_create: row.get(6),
        is_owner: row.get(7),
        may_terminate: row.get(8),
        connections: (row.get::<_, i32>(9).unsigned_abs(), row.get::<_, i32>(10).unsigned_abs()),
        invalid_databases: row.get(11),
    })
}

/// The version of `pg_dump`, as a number like `server_version_num`; `None` where it is not installed or does not say.
pub(super) async fn client_version(target: &Target, address: &Address) -> Option<u32> {
    let output = target.program("pg_dump", address).ok()?.args(["--version"]).run().await.ok()?;
    version_number(&output.text())
}

/// The number in `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version_number(text: &str) -> Option<u32> {
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>();
    let mut parts = version.split('.');
    let major = digits(parts.next()?).ok()?;
    // `18beta1` has no minor version.
    let minor = parts.next().and_then(|minor| digits(minor).ok()).unwrap_or(0);
    Some(major * 10_000 + minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_program_is_a_number_like_that_of_a_server() {
        let cases = [
            ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(150_018)),
            ("pg_dump (PostgreSQL) 18beta1", Some(180_000)),
            ("pg_dump: command not found", None),
        ];
        for (text, expected) in cases {
            assert_eq!(version_number(text), expected, "{text}");
        }
    }
}
