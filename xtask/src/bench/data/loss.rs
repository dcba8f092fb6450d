//! What is written after a restore point, and whether the list of lost rows has all of it.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::cluster::Cluster;
use crate::failure::Failure;

/// Transactions after the restore point, each of which changes three rows and adds one.
const TRANSACTIONS: u64 = 20_000;
/// Of so many accounts one is deleted, all over the table.
const APART: u64 = 5_000;

/// What was written.
pub(super) struct Written {
    deleted: u64,
}

/// The list of lost rows.
pub(super) struct Lost {
    took: Duration,
    rows: Rows,
}

#[derive(Default)]
struct Rows {
    inserted: u64,
    updated: u64,
    deleted: u64,
}

/// Writes as an application would after the restore point; `deletes` also takes rows away, all over the largest table.
pub(super) fn write(cluster: &Cluster, deletes: bool) -> Result<Written, Failure> {
    let each = (TRANSACTIONS / 4).to_string();
    cluster.as_user("pgbench").args(["-n", "-c", "4", "-t", &each]).args(cluster.to("shop")).output()?;
    if !deletes {
        return Ok(Written { deleted: 0 });
    }
    let delete = format!(
        "WITH gone AS (DELETE FROM pgbench_accounts WHERE aid % {APART} = 7 RETURNING 1) SELECT count(*) FROM gone"
    );
    let deleted = cluster.sql("shop", &delete)?;
    Ok(Written { deleted: deleted.parse().map_err(|_| Failure::Check(format!("`{deleted}` is no count")))? })
}

impl Written {
    /// What a report lists, where it has everything that was written.
    pub(super) fn found(&self, report: &Value) -> Result<Lost, Failure> {
        let took = Duration::from_millis(report["took_ms"].as_u64().unwrap_or(0));
        let tables = report["tables"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut rows = Rows::default();
        for table in tables {
            let of = |operation: &str| table[operation].as_u64().unwrap_or(0);
            rows.inserted += of("inserted");
            rows.updated += of("updated");
            rows.deleted += of("deleted");
        }
        let history = tables.iter().find(|table| table["table"]["name"] == "pgbench_history");
        let added = history.and_then(|table| table["inserted"].as_u64());
        if added != Some(TRANSACTIONS) || rows.deleted != self.deleted {
            let what = format!(
                "the list of lost rows is not what was written: {TRANSACTIONS} rows of history and {} deleted: {report}",
                self.deleted
            );
            return Err(Failure::Check(what));
        }
        Ok(Lost { took, rows })
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rows { inserted, updated, deleted } = self.rows;
        let what = if deleted == 0 { "without deletes" } else { "with deletes all over the largest table" };
        write!(f, "| {what} | {:.1} s | {inserted} | {updated} | {deleted} |", self.took.as_secs_f64())
    }
}
