//! Ends other sessions on a database.

use std::time::Duration;

use backout_core::port::PortError;
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::words::failed;

/// How long sessions may take to end.
const END_WITHIN: Duration = Duration::from_secs(5);
/// Time between two looks whether they have ended.
const PAUSE: Duration = Duration::from_millis(3);

/// Ends every session on databases of these numbers, replication and workers among them, and waits until none is left but
/// `spared`. What they had not committed was acknowledged to nobody.
pub(crate) async fn end(client: &Client, databases: &[u32], spared: &[i32]) -> Result<(), PortError> {
    let deadline = Instant::now() + END_WITHIN;
    let mut refusal = None;
    loop {
        let rows = client.query(OTHERS, &[&databases, &spared]).await;
        let rows = rows.map_err(|error| failed("could not list the sessions on a database", &error))?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            let pid: i32 = row.get(0);
            if let Err(error) = client.query_one("SELECT pg_terminate_backend($1)", &[&pid]).await {
                refusal = Some(failed("", &error).what.trim_start_matches(": ").to_owned());
            }
        }
        if Instant::now() >= deadline {
            let who: Vec<String> = rows.iter().map(|row| row.get(1)).collect();
            let why = refusal.map(|why| format!(": {why}")).unwrap_or_default();
            return Err(PortError::new(format!("sessions could not be ended ({}){why}", who.join(", ")))
                .hint("let `postgres: { admin: … }` name a role that may: `GRANT pg_signal_backend TO …`; sessions of superusers only a superuser may end"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Sessions of superusers are told apart in words: they are why a role that may end sessions still cannot.
const OTHERS: &str = "SELECT a.pid, format('%s of %s%s', a.pid, coalesce(a.usename, 'the server'), \
    CASE WHEN r.rolsuper THEN ', a superuser' ELSE '' END) \
    FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid \
    WHERE a.datid = ANY($1) AND a.pid <> ALL($2) AND a.pid <> pg_backend_pid()";
