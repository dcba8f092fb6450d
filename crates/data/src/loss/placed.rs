//! What going back would lose where the database in use was itself put in place by an earlier way back: its rows are all younger than
//! the restore point, and were not written by anybody since.

use std::collections::BTreeMap;

use backout_core::data::{
    LossEstimate, Manifest, Moment, ObjectName, TableContent, TableNow, estimate_placed, estimate_undone,
};
use backout_core::port::PortError;
use tokio::time::Instant;
use tokio_postgres::Client;

use super::estimate::{count, counters, most_written_first, with_gone};
use super::rows::shape::shapes;
use crate::Address;
use crate::marks::PlacedMark;

/// From where on rows were written.
pub(super) struct Since {
    /// Row versions that are not older were.
    transaction: u32,
    /// How many rows had been deleted by then, as the server counts them.
    deleted: u64,
    /// Whether it was put in place from the very restore point.
    is_of_it: bool,
}

/// From where on rows of a database that was put in place were written; `None` where the restore point is of that database, or of
/// one that it knows nothing of.
pub(super) fn since(placed: &PlacedMark, manifest: &Manifest, moment: &Moment) -> Option<Since> {
    let (base, opened) = (placed.base?, placed.opened?);
    let is_of_it = placed.point.as_ref() == Some(&manifest.backup);
    let is_later = manifest.snapshot.as_ref().is_some_and(|snapshot| snapshot.xmin < base)
        && moment.row_versions_since(manifest).is_ok();
    if !is_of_it && !is_later {
        return None;
    }
    let transaction = moment.row_versions_since_transaction(base).ok()?;
    Some(Since { transaction, deleted: opened.deleted, is_of_it })
}

/// Estimates what would be lost.
pub(super) async fn estimate(
    (address, session): (&Address, &Client),
    manifest: &Manifest,
    (moment, since): (&Moment, &Since),
    deadline: Instant,
) -> Result<LossEstimate, PortError> {
    let mut window = moment.since(manifest);
    if !since.is_of_it {
        window.limits.push(
            "the database was put in place from another restore point since: what was written before that counts by the number of \
             rows only"
                .to_owned(),
        );
    }
    let then: BTreeMap<&ObjectName, &TableContent> = manifest.tables.iter().map(|table| (&table.name, table)).collect();
    let (shapes, counters) = (shapes(session).await?, counters(session).await?);
    let deleted: u64 = counters.values().map(|[.., deleted]| *deleted).sum();
    let deleted = deleted.checked_sub(since.deleted);
    let order = most_written_first(shapes.values(), &BTreeMap::new(), &counters);
    let counted = count(address, order, since.transaction, deadline).await?;
    let mut tables = Vec::new();
    for name in shapes.keys() {
        let now = TableNow { counted: counted.get(name).copied(), counters: counters.get(name).copied() };
        let (estimate, limit) = match then.get(name) {
            Some(_) if since.is_of_it => estimate_undone(name, &now, deleted),
            then => estimate_placed(name, then.copied(), &now, deleted),
        };
        window.limits.extend(limit);
        tables.push(estimate);
    }
    Ok(with_gone(manifest, &shapes, window, tables))
}
