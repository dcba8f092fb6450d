//! What going back would lose, as far as can be said in a few seconds: counters at once, then row versions table by table
//! over some sessions, those with writes first, until the time is up.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use backout_core::data::{
    LossEstimate, Manifest, Method, Moment, ObjectName, TableContent, TableEstimate, TableHistory, TableNow, Window,
    estimate_table,
};
use backout_core::port::PortError;
use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::moment::moment;
use super::{placed, unmarked};
use crate::loss::rows::shape::{Shape, shapes};
use crate::loss::rows::sql;
use crate::words::failed;
use crate::{Address, Target, marks};

/// How long counting may take.
pub(super) const BUDGET: Duration = Duration::from_secs(4);
/// How many tables are counted at once.
const SESSIONS: usize = 3;
/// The least time that a table is given: less is not worth a question.
const LEAST: Duration = Duration::from_millis(50);

/// Estimates what would be lost.
///
/// | the database in use was put in place by us                | numbers of the restore point hold | what was written is found by       |
/// |------------------------------------------------------------|-----------------------------------|------------------------------------|
/// | from this restore point, or from another one later than it | any                               | row versions since it was put there ([`placed`]) |
/// | no, or before the restore point was taken                  | yes                               | row versions since the restore point |
/// | no, or before the restore point was taken                  | no                                | comparing whole tables ([`unmarked`]) |
pub(crate) async fn estimate(target: &Target, manifest: &Manifest) -> Result<LossEstimate, PortError> {
    let deadline = Instant::now() + BUDGET;
    let address = target.admin_address().await?;
    let session = address.connect().await?;
    let moment = moment(&session, manifest.lsn.as_deref()).await?;
    let since = moment.row_versions_since(manifest);
    let live = marks::read(&session, address.dbname()).await?;
    if let Some(since) = live.and_then(|live| placed::since(live.marks.placed.as_ref()?, manifest, &moment)) {
        return placed::estimate((&address, &session), manifest, (&moment, &since), deadline).await;
    }
    match since {
        Ok(since) => by_age((&address, &session), manifest, (&moment, since), deadline).await,
        Err(why) => unmarked::estimate(&session, manifest, (&moment, why), deadline).await,
    }
}

/// By the age of row versions: those that the restore point's snapshot has not seen.
async fn by_age(
    (address, session): (&Address, &Client),
    manifest: &Manifest,
    (moment, since): (&Moment, u32),
    deadline: Instant,
) -> Result<LossEstimate, PortError> {
    let mut window = moment.since(manifest);
    let then: BTreeMap<&ObjectName, &TableContent> = manifest.tables.iter().map(|table| (&table.name, table)).collect();
    let shapes = shapes(session).await?;
    let counters = counters(session).await?;
    let order = most_written_first(shapes.values(), &then, &counters);
    let counted = count(address, order, since, deadline).await?;
    let mut tables = Vec::new();
    for (name, shape) in &shapes {
        let then = then.get(name).copied();
        let history = TableHistory {
            numbers_hold: true,
            is_in_manifest: then.is_some(),
            is_rewritten: then.is_some_and(|then| then.relfilenode != shape.relfilenode),
            is_since_opened: false,
        };
        let now = TableNow { counted: counted.get(name).copied(), counters: counters.get(name).copied() };
        let (estimate, limit) = estimate_table(name, then, &now, history);
        let is_silent = estimate.rows() == 0 && now.counted.is_some() && history.method() == Method::RowVersions;
        window.limits.extend(limit.filter(|_| !is_silent));
        tables.push(estimate);
    }
    Ok(with_gone(manifest, &shapes, window, tables))
}

/// The estimate of the tables that are there, together with those that were and are not any more.
pub(super) fn with_gone(
    manifest: &Manifest,
    shapes: &BTreeMap<ObjectName, Shape>,
    mut window: Window,
    mut tables: Vec<TableEstimate>,
) -> LossEstimate {
    for then in manifest.tables.iter().filter(|table| !shapes.contains_key(&table.name)) {
        let (estimate, limit) = gone(then);
        tables.push(estimate);
        window.limits.push(limit);
    }
    told(manifest, window, tables, None)
}

/// The tables that would lose something; `unknown` is why nobody knows how much that is.
pub(super) fn told(
    manifest: &Manifest,
    window: Window,
    mut tables: Vec<TableEstimate>,
    unknown: Option<String>,
) -> LossEstimate {
    tables.retain(|table| table.rows() > 0);
    let Window { ms: window_ms, log_bytes, limits } = window;
    LossEstimate { since: manifest.taken_at, window_ms, log_bytes, tables, limits, unknown }
}

/// A table that is not there any more.
fn gone(then: &TableContent) -> (TableEstimate, String) {
    let limit = format!("table `{}` is gone since the restore point: its {} rows would be back", then.name, then.rows);
    let (table, method) = (then.name.clone(), Method::Comparison);
    (TableEstimate { table, method, written: 0, deleted: then.rows }, limit)
}

/// Rows inserted, updated and deleted, by table.
pub(super) async fn counters(client: &Client) -> Result<BTreeMap<ObjectName, [u64; 3]>, PortError> {
    let asked = "SELECT schemaname::text, relname::text, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables";
    let rows =
        client.query(asked, &[]).await.map_err(|error| failed("could not read the server's counters", &error))?;
    let number = |row: &tokio_postgres::Row, index: usize| row.get::<_, i64>(index).unsigned_abs();
    let entry = |row: &tokio_postgres::Row| {
        let name = ObjectName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        (name, [number(row, 2), number(row, 3), number(row, 4)])
    };
    Ok(rows.iter().map(entry).collect())
}

/// Tables in the order in which they are counted: where time ends, those are left that seem to have no writes.
pub(super) fn most_written_first<'a>(
    shapes: impl Iterator<Item = &'a Shape>,
    then: &BTreeMap<&ObjectName, &TableContent>,
    counters: &BTreeMap<ObjectName, [u64; 3]>,
) -> Vec<Shape> {
    let grown = |shape: &Shape| {
        let before = then.get(&shape.name).map_or([0; 3], |then| then.counters);
        let now = counters.get(&shape.name).copied().unwrap_or_default();
        (0..3).map(|index| now[index].abs_diff(before[index])).sum::<u64>()
    };
    let mut order: Vec<Shape> = shapes.cloned().collect();
    order.sort_by_key(|shape| grown(shape));
    order
}

/// All rows and young ones of each table that there was time for. The last of `left` is counted first.
pub(super) async fn count(
    address: &Address,
    left: Vec<Shape>,
    since: u32,
    deadline: Instant,
) -> Result<BTreeMap<ObjectName, (u64, u64)>, PortError> {
    let sessions = left.len().clamp(1, SESSIONS);
    let left = Mutex::new(left);
    let next = || left.lock().ok().and_then(|mut left| left.pop());
    let counter = async || {
        let session = address.connect().await?;
        let mut counted = Vec::new();
        while let Some(shape) = next() {
            if let Some(found) = count_one(&session, &shape, since, deadline).await? {
                counted.push((shape.name, found));
            }
        }
        Ok::<_, PortError>(counted)
    };
    let counted = futures_util::future::try_join_all((0..sessions).map(|_| counter())).await?;
    Ok(counted.into_iter().flatten().collect())
}

/// All rows and young ones; `None` where the time is up, or the table is locked or gone.
async fn count_one(
    client: &Client,
    shape: &Shape,
    since: u32,
    deadline: Instant,
) -> Result<Option<(u64, u64)>, PortError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left < LEAST {
        return Ok(None);
    }
    let wrong = |error| failed(&format!("could not count `{}`", shape.name), &error);
    let bounds =
        format!("SET statement_timeout = {0}; SET lock_timeout = {0}; SET row_security = off", left.as_millis());
    client.batch_execute(&bounds).await.map_err(wrong)?;
    match client.query_one(&sql::counts(shape, &sql::young(since)), &[]).await {
        Ok(row) => Ok(Some((row.get::<_, i64>(0).unsigned_abs(), row.get::<_, i64>(1).unsigned_abs()))),
        Err(error) => match error.code() {
            // Stopped by one of the bounds, dropped meanwhile, or not ours to read: the counters say what they know.
            Some(code) if UNCOUNTED.contains(code) => Ok(None),
            _ => Err(wrong(error)),
        },
    }
}

const UNCOUNTED: [SqlState; 4] = [
    SqlState::QUERY_CANCELED,
    SqlState::LOCK_NOT_AVAILABLE,
    SqlState::UNDEFINED_TABLE,
    SqlState::INSUFFICIENT_PRIVILEGE,
];
