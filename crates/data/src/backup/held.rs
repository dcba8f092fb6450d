//! The moment that a restore point shows, held for as long as it is dumped.
//!
//! A snapshot alone is not enough: a table that is emptied (`TRUNCATE`) or rewritten after it was taken, and before the dump
//! locks it, is dumped without its rows, and without an error. So every table is locked first, against that and nothing
//! else, and then looked at once more: one that has another file, another name or is gone by then means another snapshot.

use std::collections::BTreeMap;

use backout_core::data::{ObjectName, Snapshot};
use backout_core::port::{BackupOrder, PortError};
use jiff::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::arguments::LOCKS_WITHIN;
use super::running::{migrating, no_migration_runs};
use super::slot::Slot;
use crate::words::{failed, literal};
use crate::{Address, Session, Target};

/// How many snapshots are tried.
const ATTEMPTS: u32 = 3;
/// How many tables one statement locks.
const AT_ONCE: usize = 500;

/// A snapshot whose tables stay as they are.
pub(super) struct Held {
    /// In the transaction of the snapshot.
    pub(super) session: Session,
    /// What others import the snapshot by.
    pub(super) exported: String,
    /// Not after the snapshot, by the server's clock: nothing that it does not show is older.
    pub(super) taken_at: Timestamp,
    /// The snapshot.
    pub(super) snapshot: Snapshot,
    /// The log's position, as far as it is inserted: what is written lags behind commits that do not wait for the disk.
    pub(super) lsn: String,
    /// Size of the database, in bytes.
    pub(super) database_bytes: u64,
    /// Size of its tables, in bytes: an estimate of the dump's.
    pub(super) table_bytes: u64,
    /// The slot that begins with it.
    pub(super) slot: Option<Slot>,
}

impl Held {
    /// Takes a snapshot and locks its tables.
    ///
    /// # Errors
    /// A migration that runs; tables that change whenever they are looked at; what may not be read.
    pub(super) async fn begin(target: &Target, address: &Address, order: &BackupOrder) -> Result<Self, PortError> {
        let witness = address.connect().await?;
        no_migration_runs(target, &witness, order.is_as_it_is).await?;
        let wants_slot = target.configured.backup.as_ref().is_some_and(|backup| backup.slot);
        let mut changed = String::new();
        for _ in 0..ATTEMPTS {
            let taken_at = now(&witness).await?;
            let slot = match wants_slot {
                true => Slot::begin(target, address, &witness, &order.id).await?,
                false => None,
            };
            let held = Self::opened(address, taken_at, slot).await?;
            match held.lock(&witness).await? {
                None => return Ok(held),
                Some(what) => changed = what,
            }
        }
        Err(migrating(&changed))
    }

    /// Begins the transaction.
    pub(super) async fn opened(address: &Address, taken_at: Timestamp, slot: Option<Slot>) -> Result<Self, PortError> {
        let failed = |error| failed("no snapshot could be taken", &error);
        let session = address.connect().await?;
        // Local to the transaction: a pooler in between would hand them on to somebody else.
        let settings = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = '{LOCKS_WITHIN}'; \
             SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
             SET LOCAL row_security = off"
        );
        session.batch_execute(&settings).await.map_err(failed)?;
        if let Some(slot) = &slot {
            let import = format!("SET TRANSACTION SNAPSHOT {}", literal(&slot.snapshot));
            session.batch_execute(&import).await.map_err(failed)?;
        }
        let ask = "SELECT pg_export_snapshot(), s::text, pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text, \
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text, \
            pg_database_size(current_database()), coalesce((SELECT sum(pg_table_size(c.oid))::int8 FROM pg_class c \
            WHERE c.relkind IN ('r', 'm') AND c.oid >= 16384), 0) FROM pg_current_snapshot() s";
        let row = session.query_typed_one(ask, &[]).await.map_err(failed)?;
        let number = |at: usize| row.get::<_, &str>(at).parse().unwrap_or(0);
        let snapshot = Snapshot { text: row.get(1), xmin: number(2), xmax: number(3) };
        Ok(Self {
            exported: row.get(0),
            lsn: row.get(4),
            database_bytes: row.get::<_, i64>(5).unsigned_abs(),
            table_bytes: row.get::<_, i64>(6).unsigned_abs(),
            session,
            taken_at,
            snapshot,
            slot,
        })
    }

    /// Locks every table; answers with one that has changed since the snapshot, as `witness` sees it now.
    pub(super) async fn lock(&self, witness: &Client) -> Result<Option<String>, PortError> {
        let tables = files(&self.session).await?;
        let names: Vec<String> = tables.values().map(|(name, _)| name.quoted()).collect();
        for some in names.chunks(AT_ONCE) {
            let lock = format!("LOCK TABLE ONLY {} IN ACCESS SHARE MODE", some.join(", ONLY "));
            if let Err(error) = self.session.batch_execute(&lock).await {
                return match error.code() {
                    Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                        Err(migrating(&format!("a table was held for longer than {LOCKS_WITHIN}")))
                    }
                    Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => {
                        Ok(Some("tables are dropped or renamed meanwhile".to_owned()))
                    }
                    _ => Err(failed("the tables could not be locked against changes", &error)),
                };
            }
        }
        let now = files(witness).await?;
        let changed = tables.iter().find(|(oid, then)| now.get(*oid) != Some(*then));
        Ok(changed.map(|(_, (name, _))| format!("table `{name}` was emptied, rewritten or renamed meanwhile")))
    }
}

/// Tables and partitions by object number, with the file that each is kept in.
async fn files(client: &Client) -> Result<BTreeMap<u32, (ObjectName, u32)>, PortError> {
    let ask = "SELECT c.oid, n.nspname::text, c.relname::text, c.relfilenode \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' \
        AND n.nspname <> 'information_schema'";
    let rows = client.query_typed(ask, &[]).await.map_err(|error| failed("could not read the tables", &error))?;
    let file =
        |row: &Row| (row.get(0), (ObjectName::new(row.get::<_, String>(1), row.get::<_, String>(2)), row.get(3)));
    Ok(rows.iter().map(file).collect())
}

async fn now(client: &Client) -> Result<Timestamp, PortError> {
    let ask = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8";
    let row = client.query_typed_one(ask, &[]).await;
    let row = row.map_err(|error| failed("could not read the server's clock", &error))?;
    Timestamp::from_microsecond(row.get(0))
        .map_err(|error| PortError::new(format!("the server's clock shows no time: {error}")))
}
