//! What the server has noticed itself.

use backout_core::policy::{Check, Verdict};
use tokio_postgres::Client;

use super::report::{check, check_of};
use crate::look::catalog::{qualified, row};
use crate::look::collations::changed_collations;
use crate::look::contents::server_version;

/// Pages that did not have their checksum since the statistics began.
pub(super) async fn checksums(client: &Client) -> Check {
    let name = "no checksum failed";
    let query = "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()";
    let read = qualified(client, async { Ok(row(client, "the statistics", query).await?.get::<_, Option<i64>>(0)) });
    match read.await {
        Ok(Some(0)) => check(name, Verdict::Healthy, "no page had another checksum than its own"),
        Ok(Some(count)) => {
            check(name, Verdict::Unhealthy, format!("{count} pages had another checksum than their own"))
        }
        Ok(None) => check(name, Verdict::Unmeasurable, "the server keeps no checksums (`pg_checksums --enable`)"),
        Err(error) => check(name, Verdict::Unmeasurable, error.what),
    }
}

/// Collations that sort otherwise than when indexes were built.
pub(super) async fn collations(client: &Client) -> Check {
    let name = "collations have not changed";
    let read = qualified(client, async { changed_collations(client, server_version(client).await?).await });
    match read.await {
        Ok(changed) => {
            let bad: Vec<String> = changed.iter().map(|change| format!("{change}: `REINDEX DATABASE`")).collect();
            check_of(name, &bad, "indexes were built with the collations of today")
        }
        Err(error) => check(name, Verdict::Unmeasurable, error.what),
    }
}
