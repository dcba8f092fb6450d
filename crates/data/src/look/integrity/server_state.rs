//! What the server has noticed itself.

use backout_core::policy::{Check, Verdict};
use backout_core::port::PortError;
use tokio_postgres::Client;

use super::report::{check, check_of};
use crate::look::catalog::{qualified, row};
use crate::look::collations::changed_collations;
use crate::look::contents::server_version;

const CHECKSUMS: &str = "no checksum failed";
const COLLATIONS: &str = "collations have not changed";

/// Pages of this database, and of what all databases share, that did not have their checksum since the statistics began.
/// Unmeasurable where the server keeps no checksums: nobody would have noticed then.
pub(crate) async fn checksums(client: &Client) -> Check {
    let query = "SELECT current_setting('data_checksums') = 'on', coalesce(sum(checksum_failures), 0)::int8, \
          coalesce(date_trunc('second', max(checksum_last_failure))::text, 'an unknown time') \
        FROM pg_stat_database WHERE datid = 0 OR datname = current_database()";
    let read = qualified(client, async {
        let row = row(client, "the statistics", query).await?;
        Ok::<_, PortError>((row.get::<_, bool>(0), row.get::<_, i64>(1), row.get::<_, String>(2)))
    });
    match read.await {
        Ok((false, ..)) => {
            check(CHECKSUMS, Verdict::Unmeasurable, "the server keeps no checksums (`pg_checksums --enable`)")
        }
        Ok((true, 0, _)) => check(CHECKSUMS, Verdict::Healthy, "no page had another checksum than its own"),
        Ok((true, count, last)) => check(
            CHECKSUMS,
            Verdict::Unhealthy,
            format!(
                "a page did not have its checksum {count} times, last at {last}: look at the disk, then restore what was \
                 on it; `pg_stat_reset()` counts anew"
            ),
        ),
        Err(error) => check(CHECKSUMS, Verdict::Unmeasurable, error.what),
    }
}

/// Collations that sort otherwise than when indexes were built: the only thing but [`super::amcheck`] that calls for a
/// `REINDEX`, so each index that wants one is named. For a database that was in use meanwhile: a restore builds its indexes
/// with the collations of today.
pub(crate) async fn collations(client: &Client) -> Check {
    let read = qualified(client, async { changed_collations(client, server_version(client).await?).await });
    match read.await {
        Ok(changed) => {
            let bad: Vec<String> = changed.iter().filter_map(|change| change.wants()).collect();
            check_of(COLLATIONS, &bad, "no index was built with another collation than that of today")
        }
        Err(error) => check(COLLATIONS, Verdict::Unmeasurable, error.what),
    }
}
