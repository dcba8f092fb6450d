//! Whether a migration runs. A dump beside it would be of a schema that nobody has deployed, and would hold it up.

use std::time::Duration;

use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::words::failed;
use crate::{Target, migrate};

/// How long a table may be held: a `TRUNCATE` by the application is over by then.
const WAITS: Duration = Duration::from_secs(5);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// Sessions that hold a table so that nobody can read it, or wait to. The server's own workers are left out.
const HOLDERS: &str = "SELECT l.pid::text, n.nspname || '.' || c.relname, coalesce(nullif(a.application_name, ''), '?') \
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid() \
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
    AND coalesce(a.backend_type, 'client backend') = 'client backend' ORDER BY 1, 2 LIMIT 1";

/// That no migration runs. One that has failed half-way is none where the database is wanted as it is.
///
/// # Errors
/// One that does, by the session that runs it.
pub(super) async fn no_migration_runs(target: &Target, client: &Client, as_it_is: bool) -> Result<(), PortError> {
    let ledgers = if as_it_is { Vec::new() } else { migrate::ledgers(client).await? };
    if let Some(dirty) = ledgers.iter().find(|ledger| ledger.is_dirty) {
        return Err(migrating(&format!("{} says that a migration runs, or has failed half-way", dirty.framework)));
    }
    let ask = |error| failed("could not see whether a migration runs", &error);
    let mut waited = Duration::ZERO;
    loop {
        let rows = client.query_typed(HOLDERS, &[]).await.map_err(ask)?;
        let Some(row) = rows.first() else { return Ok(()) };
        if waited >= WAITS {
            let (pid, table, program): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
            return Err(migrating(&format!("session {pid} (`{program}`) holds table `{table}`, as a migration does")));
        }
        target.clock.sleep(PAUSE).await;
        waited += PAUSE;
    }
}

/// No backup is made while a migration runs.
pub(super) fn migrating(what: &str) -> PortError {
    PortError::new(format!("no backup can be made now: {what}")).hint(
        "let the migration end, or end its session, and try again: a backup must show the state before or after it",
    )
}
