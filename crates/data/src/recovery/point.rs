//! Moments in the log of the server in use.

use std::time::Duration;

use backout_core::port::PortError;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::words::failed;

/// How long the archiver is waited for.
const ARCHIVED_WITHIN: Duration = Duration::from_secs(60);
/// Time between two looks whether it has archived.
const PAUSE: Duration = Duration::from_millis(200);

/// Whether the server archives its log.
///
/// # Errors
/// Where it cannot be asked.
pub(crate) async fn archives(client: &Client) -> Result<bool, PortError> {
    let ask = "SELECT current_setting('archive_mode') <> 'off' AND NOT pg_is_in_recovery() \
        AND (current_setting('archive_command') NOT IN ('', '(disabled)') \
        OR coalesce(current_setting('archive_library', true), '') <> '')";
    let row = client.query_typed_one(ask, &[]).await;
    Ok(row.map_err(|error| failed("could not see whether the log is archived", &error))?.get(0))
}

/// Gives this moment in the server's log a name, and answers with its position; `None` where the log is not archived, or
/// where we may not: nothing else depends on it.
///
/// # Errors
/// Where the server does not do it for another reason.
pub(crate) async fn name_point(client: &Client, name: &str) -> Result<Option<String>, PortError> {
    if !archives(client).await? {
        return Ok(None);
    }
    let named = client.query_one("SELECT pg_create_restore_point($1)::text", &[&name]).await;
    match named {
        Ok(row) => Ok(Some(row.get(0))),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(None),
        Err(error) => Err(failed(&format!("could not name the moment `{name}` in the log"), &error)),
    }
}

/// Has everything archived that is in the log now, with something after it: a recovery only knows that it has arrived by
/// what comes next. Answers with why that could not be had, which is no reason not to try.
pub(super) async fn archived_until_now(client: &Client) -> Option<String> {
    let switched = async {
        // A transaction of its own number leaves a commit with the time in the log.
        client.batch_execute("SELECT txid_current()").await?;
        client.query_one("SELECT pg_walfile_name(pg_switch_wal())", &[]).await
    };
    let segment: String = match switched.await {
        Ok(row) => row.get(0),
        Err(error) => return Some(failed("no new segment of the log could be begun", &error).what),
    };
    let deadline = tokio::time::Instant::now() + ARCHIVED_WITHIN;
    loop {
        let ask = "SELECT coalesce(last_archived_wal >= $1, false), last_failed_wal FROM pg_stat_archiver";
        match client.query_one(ask, &[&segment]).await {
            Ok(row) if row.get(0) => return None,
            Ok(row) if tokio::time::Instant::now() >= deadline => {
                let failed: Option<String> = row.get(1);
                let why = failed.map(|segment| format!("; `{segment}` failed last")).unwrap_or_default();
                return Some(format!("the server has not archived `{segment}` yet{why}"));
            }
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Some(failed("the archiver could not be looked at", &error).what),
        }
    }
}
