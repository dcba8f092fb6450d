//! What taking the last swap back would lose: what was written since applications got the database that is in use.

use std::collections::BTreeMap;

use backout_core::data::{LossEstimate, TableNow, estimate_undone};
use backout_core::port::PortError;
use tokio::time::Instant;

use super::estimate::{BUDGET, count, counters, most_written_first};
use super::moment::moment;
use super::rows::shape::shapes;
use crate::Target;
use crate::marks::{self, OpenedMark, PlacedMark};

/// Estimates what would be lost.
pub(crate) async fn estimate_undo(target: &Target) -> Result<LossEstimate, PortError> {
    let deadline = Instant::now() + BUDGET;
    let address = target.admin_address().await?;
    let session = address.connect().await?;
    let (placed, opened) = placed(&marks::read(&session, address.dbname()).await?, address.dbname())?;
    let moment = moment(&session, None).await?;
    let since = moment.row_versions_since_transaction(opened.transaction);
    let mut limits = Vec::new();
    if let Err(why) = &since {
        limits.push(format!("{why}: rows cannot be told apart by age"));
    }
    let shapes = shapes(&session).await?;
    let counters = counters(&session).await?;
    let deleted: u64 = counters.values().map(|[.., deleted]| *deleted).sum();
    let deleted = deleted.checked_sub(opened.deleted);
    let order = most_written_first(shapes.values(), &BTreeMap::new(), &counters);
    let counted = match since {
        Ok(since) => count(&address, order, since, deadline).await?,
        Err(_) => BTreeMap::new(),
    };
    let mut tables = Vec::new();
    for name in shapes.keys() {
        let now = TableNow { counted: counted.get(name).copied(), counters: counters.get(name).copied() };
        let (estimate, limit) = estimate_undone(name, &now, deleted);
        limits.extend(limit);
        tables.push(estimate);
    }
    tables.retain(|table| table.rows() > 0);
    let window_ms = u64::try_from(moment.at.duration_since(placed.at).as_millis()).unwrap_or_default();
    Ok(LossEstimate { since: placed.at, window_ms, log_bytes: None, tables, limits, unknown: None })
}

/// What is written on the database in use about the swap that placed it.
fn placed(live: &Option<marks::Marked>, dbname: &str) -> Result<(PlacedMark, OpenedMark), PortError> {
    let placed = live.as_ref().and_then(|live| live.marks.placed.clone());
    let opened = placed.as_ref().and_then(|placed| placed.opened);
    placed.zip(opened).ok_or_else(|| {
        PortError::new(format!("`{dbname}` bears no mark of where the server stood when it was swapped in"))
    })
}
