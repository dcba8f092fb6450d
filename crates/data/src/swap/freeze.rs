//! Freezes a database, so that what it has is all that it will ever have; and thaws it where nothing came of it.

use backout_core::data::Sequence;
use backout_core::port::PortError;
use jiff::Timestamp;
use tokio_postgres::Client;

use super::names::Names;
use super::preflight::{Prepared, no_prepared_transactions};
use super::{sequences, sessions, slots};
use crate::look;
use crate::marks::{self, FrozenMark, Marked, OpenedMark};
use crate::words::{failed, quoted};
use crate::{Session, Target};

/// The sessions that a swap keeps of its own: made before the freeze, because nobody comes in during it.
pub(super) struct OwnSessions {
    /// In the database that is replaced.
    live: Session,
    /// In what takes its place.
    copy: Session,
    /// Where the sequences of that one stand.
    sequences: Vec<Sequence>,
    /// Where the server stands, and how much was deleted from that one.
    opened: OpenedMark,
    pids: Vec<i32>,
}

/// What was read last.
pub(super) struct Quiet {
    /// The log's position: no write to the database comes after it.
    pub(super) lsn: String,
    /// How many sequences were carried on.
    pub(super) sequences: usize,
    /// Where the server stood before anybody could write to what takes its place.
    pub(super) opened: OpenedMark,
}

impl OwnSessions {
    /// Connects to both.
    pub(super) async fn connect(target: &Target, prepared: &Prepared) -> Result<Self, PortError> {
        let live = target.admin(&prepared.live.dbname).await?;
        let copy = target.admin(&prepared.copy.dbname).await?;
        // One that was kept is read-only for everybody who does not say otherwise.
        let may_write =
            "SET default_transaction_read_only = off; SET statement_timeout = '10s'; SET search_path = pg_catalog";
        for session in [&live, &copy] {
            session.batch_execute(may_write).await.map_err(|error| failed("could not prepare a session", &error))?;
        }
        let pids = vec![pid(&live).await?, pid(&copy).await?];
        let sequences = look::sequences(&copy).await?;
        let opened = opened(&copy).await?;
        Ok(Self { live, copy, sequences, opened, pids })
    }

    /// Everything that must be read and set while nobody can write.
    pub(super) async fn settle(self, client: &Client, prepared: &Prepared) -> Result<Quiet, PortError> {
        for name in &prepared.subscriptions {
            let disabled = self.live.batch_execute(&format!("ALTER SUBSCRIPTION {} DISABLE", quoted(name))).await;
            disabled.map_err(|error| failed(&format!("subscription `{name}` could not be disabled"), &error))?;
        }
        sessions::end(client, &[prepared.live.oid, prepared.copy.oid], &self.pids).await?;
        no_prepared_transactions(client, &prepared.live.dbname).await?;
        let damaged = look::sequences(&self.live).await?;
        let moved = sequences::carry_on((&self.copy, &self.sequences), &damaged, prepared.sessions).await?;
        // Whoever replays the log up to here has every write that was acknowledged. What is inserted counts, and not what is
        // written: a commit with `synchronous_commit = off` is acknowledged before its record leaves memory.
        let row = self.live.query_one("SELECT pg_current_wal_insert_lsn()::text", &[]).await;
        let lsn = row.map_err(|error| failed("could not read the log's position", &error))?.get(0);
        slots::moved(client, &self.copy, &prepared.slots).await?;
        Ok(Quiet { lsn, sequences: moved, opened: self.opened })
    }
}

async fn pid(session: &Session) -> Result<i32, PortError> {
    let row = session.query_one("SELECT pg_backend_pid()", &[]).await;
    Ok(row.map_err(|error| failed("could not read the number of a session", &error))?.get(0))
}

/// Where the server stands. Nobody writes to `copy` before it has its name, so this holds until then.
pub(crate) async fn opened(copy: &Session) -> Result<OpenedMark, PortError> {
    let query = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text, \
                 (SELECT coalesce(sum(n_tup_del), 0)::int8 FROM pg_stat_user_tables)";
    let row = copy.query_one(query, &[]).await;
    let row = row.map_err(|error| failed("could not read where the server stands", &error))?;
    let transaction = row.get::<_, String>(0).parse();
    let transaction = transaction.map_err(|error| PortError::new(format!("a transaction's number: {error}")))?;
    Ok(OpenedMark { transaction, deleted: row.get::<_, i64>(1).unsigned_abs() })
}

/// Refuses every connection to the database from now on, superusers' among them, and writes on it why.
pub(super) async fn freeze(
    client: &Client,
    names: &Names,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Marked, PortError> {
    let mut live = prepared.live.clone();
    live.marks.frozen = Some(FrozenMark {
        copy: names.copy.clone(),
        aside: names.aside.clone(),
        since: now,
        closed: live.opening(),
        slots: prepared.slots.iter().map(|(name, plugin)| format!("{name} {plugin}")).collect(),
        subscriptions: prepared.subscriptions.clone(),
    });
    let name = quoted(&live.dbname);
    let statements =
        format!("BEGIN; {}; ALTER DATABASE {name} ALLOW_CONNECTIONS false; COMMIT", live.statement(&live.dbname));
    change(client, &statements)
        .await
        .map_err(|error| failed(&format!("`{}` could not be frozen", live.dbname), &error))?;
    Ok(live)
}

/// Takes a freeze back: the database is as it was.
pub(super) async fn thaw(target: &Target, client: &Client, live: &Marked) -> Result<(), PortError> {
    let Some(frozen) = live.marks.frozen.clone() else { return Ok(()) };
    let mut live = live.clone();
    live.marks.frozen = None;
    let name = quoted(&live.dbname);
    let statements =
        format!("BEGIN; {}; ALTER DATABASE {name} ALLOW_CONNECTIONS true; COMMIT", live.statement(&live.dbname));
    change(client, &statements).await.map_err(|error| {
        failed(&format!("`{}` is frozen and could not be opened again", live.dbname), &error)
            .hint(format!("`ALTER DATABASE {name} ALLOW_CONNECTIONS true` opens it"))
    })?;
    enable(target, &live.dbname, &frozen.subscriptions).await
}

/// Enables subscriptions of a database that was put aside once and is in use again.
pub(super) async fn enable_placed(target: &Target, client: &Client, live: &Marked) -> Result<(), PortError> {
    let Some(placed) = live.marks.placed.as_ref().filter(|placed| !placed.subscriptions.is_empty()) else {
        return Ok(());
    };
    enable(target, &live.dbname, &placed.subscriptions).await?;
    let mut live = live.clone();
    if let Some(placed) = &mut live.marks.placed {
        placed.subscriptions.clear();
    }
    marks::set(client, &live).await
}

async fn enable(target: &Target, dbname: &str, subscriptions: &[String]) -> Result<(), PortError> {
    if subscriptions.is_empty() {
        return Ok(());
    }
    let session = target.admin(dbname).await?;
    for name in subscriptions {
        let enabled = session.batch_execute(&format!("ALTER SUBSCRIPTION {} ENABLE", quoted(name))).await;
        enabled.map_err(|error| failed(&format!("subscription `{name}` could not be enabled again"), &error))?;
    }
    Ok(())
}

/// Runs statements that begin and commit a transaction; nothing of one that failed stays open.
pub(crate) async fn change(client: &Client, statements: &str) -> Result<(), tokio_postgres::Error> {
    let changed = client.batch_execute(statements).await;
    if changed.is_err() {
        // Where even this fails the session is gone, and its transaction with it.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    changed
}
