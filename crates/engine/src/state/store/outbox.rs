//! The outbox: what is still to be told to whom, beside the records that it comes from.
//!
//! Contract: notices are computed from records and put into the outbox in the transaction that moves the mark of what has been
//! looked at, so each is there once for each who is told, however many processes look. Whoever sends one claims it first, for a
//! time; a claim of a process that is gone expires. What was claimed by somebody else since is not settled.
//!
//! | state | what |
//! |---|---|
//! | `waiting`, not claimed or the claim has expired | is sent when it is due and nothing earlier of its thread waits |
//! | `waiting`, claimed | is being sent |
//! | `sent` | the service took it |
//! | `given_up` | it was tried for a day, or will never be taken |

use std::sync::Arc;
use std::time::Duration;

use backout_core::config::Notify;
use backout_core::id::{EnvironmentName, NotifierName, RunId};
use backout_core::journal::{Record, RunResult};
use backout_core::notify::{Alert, GIVE_UP_AFTER, NOTICE_KINDS, Notice, notices, told};
use backout_core::port::{StoreError, Threads};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;

use super::fault::Fault;
use super::rows::{self, Selection, Which};
use super::runs::{RUN_KINDS, runs};
use super::sqlite::SqliteStore;

/// The outbox's tables. They were added to files of format 1: an older version does not look at them.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS told (
    environment TEXT PRIMARY KEY,
    seq         INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
    place         INTEGER PRIMARY KEY,
    environment   TEXT NOT NULL,
    notifier      TEXT NOT NULL,
    id            TEXT NOT NULL,
    thread        TEXT NOT NULL,
    notice        TEXT NOT NULL,
    state         TEXT NOT NULL,
    created_ms    INTEGER NOT NULL,
    due_ms        INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    claimed_by    TEXT,
    claimed_until INTEGER,
    error         TEXT,
    ended_ms      INTEGER,
    reference     TEXT,
    UNIQUE (environment, notifier, id)
) STRICT;
";

/// How long what is settled is kept, for people who look.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Whose notices.
#[derive(Debug, Clone)]
pub struct Audience {
    /// The project's name.
    pub project: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// Who is told.
    pub notify: Arc<Notify>,
}

/// What there is to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This, now.
    One(Box<Claimed>),
    /// Nothing before that time.
    Wait(Timestamp),
    /// Nothing.
    Nothing,
}

/// A notice that this process sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its place in the outbox.
    pub place: i64,
    /// By whom it is claimed.
    pub holder: String,
    /// The notice.
    pub notice: Notice,
    /// When it was put there.
    pub created: Timestamp,
    /// The how-manyth try, counted from 1.
    pub attempt: u32,
    /// What earlier ones were delivered as.
    pub threads: Threads,
}

/// How sending one ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It was taken, as this.
    Sent(Option<String>),
    /// It was not, and is tried again.
    Again {
        /// When.
        due: Timestamp,
        /// Why it was not taken.
        why: String,
    },
    /// It was not, and is not tried again.
    GivenUp(String),
}

/// One line of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxRow {
    /// The notice's identifier.
    pub id: String,
    /// Who is told.
    pub notifier: String,
    /// `waiting`, `sent` or `given_up`.
    pub state: String,
    /// The notice in a line.
    pub title: String,
    /// When it was put there.
    pub created: Timestamp,
    /// When it is tried next.
    pub due: Option<Timestamp>,
    /// When it was sent or given up.
    pub ended: Option<Timestamp>,
    /// Tries so far.
    pub attempts: u32,
    /// Why the last try failed.
    pub error: Option<String>,
}

impl SqliteStore {
    /// Begins to tell of an environment: of what is recorded from now on, unless that was begun before.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn begin_telling(&self, environment: &EnvironmentName) -> Result<(), StoreError> {
        let environment = environment.clone();
        self.writing("write to the outbox of", move |transaction| {
            let sql = "INSERT OR IGNORE INTO told SELECT ?1, coalesce(max(seq), 0) FROM record";
            Ok(transaction.execute(sql, [environment.as_str()]).map(drop)?)
        })
        .await
    }

    /// Puts the notices of new records into the outbox, and gives up what is too old.
    ///
    /// # Errors
    /// Where the journal cannot be read or written.
    pub async fn gather(&self, audience: &Audience, now: Timestamp) -> Result<(), StoreError> {
        let audience = audience.clone();
        self.writing("write to the outbox of", move |transaction| gather(transaction, &audience, now)).await
    }

    /// Claims the next notice for one who is told, until a time.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn claim(
        &self,
        to: (&EnvironmentName, &NotifierName),
        holder: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Claim, StoreError> {
        let (environment, notifier, holder) = (to.0.clone(), to.1.clone(), holder.to_owned());
        self.writing("write to the outbox of", move |transaction| {
            claim(transaction, (&environment, &notifier), holder, (now, lease))
        })
        .await
    }

    /// Makes everything that waits due now: somebody has mended what was in its way.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn hurry(&self, environment: &EnvironmentName, now: Timestamp) -> Result<(), StoreError> {
        let environment = environment.clone();
        self.writing("write to the outbox of", move |transaction| {
            let sql = "UPDATE outbox SET due_ms = min(due_ms, ?2) WHERE environment = ?1 AND state = 'waiting'";
            transaction.execute(sql, params![environment.as_str(), now.as_millisecond()])?;
            Ok(())
        })
        .await
    }

    /// The outbox of an environment, oldest first.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub async fn outbox(&self, environment: &EnvironmentName) -> Result<Vec<OutboxRow>, StoreError> {
        let environment = environment.clone();
        self.blocking("read the outbox of", move |connection| list(connection, &environment)).await
    }
}

/// Says how sending a claimed notice ended. Answers whether it was still claimed by that holder.
pub(super) fn settle(
    transaction: &Transaction<'_>,
    claimed: &Claimed,
    settled: Settled,
    now: Timestamp,
) -> Result<bool, Fault> {
    let (state, due, error, reference) = match settled {
        Settled::Sent(reference) => ("sent", None, None, reference),
        Settled::Again { due, why } => ("waiting", Some(due.as_millisecond()), Some(why), None),
        Settled::GivenUp(why) => ("given_up", None, Some(why), None),
    };
    let ended = due.is_none().then(|| now.as_millisecond());
    let changed = transaction.execute(
        "UPDATE outbox SET state = ?3, due_ms = coalesce(?4, due_ms), error = ?5, reference = ?6, ended_ms = ?7,
         attempts = ?8, claimed_by = NULL, claimed_until = NULL WHERE place = ?1 AND claimed_by = ?2",
        params![claimed.place, claimed.holder, state, due, error, reference, ended, claimed.attempt],
    )?;
    Ok(changed > 0)
}

fn gather(transaction: &Transaction<'_>, audience: &Audience, now: Timestamp) -> Result<(), Fault> {
    let environment = audience.environment.as_str();
    give_up_old(transaction, environment, now)?;
    let mark: Option<i64> = transaction
        .query_row("SELECT seq FROM told WHERE environment = ?1", [environment], |row| row.get(0))
        .optional()?;
    let Some(mark) = mark else { return Ok(()) };
    let mut selection = Selection::new(Which::Environment(audience.environment.clone()), &NOTICE_KINDS);
    selection.since = mark + 1;
    let fresh = rows::records(transaction, &selection)?;
    let Some(newest) = fresh.last().map(|record| record.seq) else { return Ok(()) };
    let mut told_of: Vec<&RunId> = fresh.iter().filter_map(|record| record.run.as_ref()).collect();
    told_of.dedup();
    for run in told_of {
        let records = rows::records(transaction, &Selection::new(Which::Run(run.clone()), &NOTICE_KINDS))?;
        for (_, mut notice) in notices(&audience.project, &records).into_iter().filter(|(seq, _)| *seq > mark) {
            if notice.event.alert() == Some(Alert::Resolve) {
                notice.resolves = unresolved_before(transaction, audience, run)?;
            }
            put(transaction, audience, &notice, now)?;
        }
    }
    transaction.execute("UPDATE told SET seq = ?2 WHERE environment = ?1", params![environment, newest])?;
    Ok(())
}

/// The runs before this one that ended in need of a person, since the last one that ended well.
fn unresolved_before(connection: &Connection, audience: &Audience, run: &RunId) -> Result<Vec<RunId>, Fault> {
    let selection = Selection::new(Which::Environment(audience.environment.clone()), &RUN_KINDS);
    let records: Vec<Record> = rows::records(connection, &selection)?;
    let mut open = Vec::new();
    for earlier in runs(&records).into_iter().take_while(|earlier| earlier.id != *run) {
        match earlier.ending.map(|ending| ending.result) {
            Some(RunResult::NotVerified | RunResult::Held | RunResult::FixForward) => open.push(earlier.id),
            Some(RunResult::RolledBack | RunResult::NothingChanged | RunResult::Kept) => open.clear(),
            _ => {}
        }
    }
    Ok(open)
}

fn put(transaction: &Transaction<'_>, audience: &Audience, notice: &Notice, now: Timestamp) -> Result<(), Fault> {
    let is_old = notice.at.checked_add(GIVE_UP_AFTER).is_ok_and(|end| end < now);
    if is_old {
        return Ok(());
    }
    let text = serde_json::to_string(notice).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    for notifier in told(&audience.notify, notice) {
        transaction.execute(
            "INSERT OR IGNORE INTO outbox (environment, notifier, id, thread, notice, state, created_ms, due_ms, attempts)
             VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?6, 0)",
            params![
                audience.environment.as_str(),
                notifier.as_str(),
                notice.id,
                notice.thread(),
                text,
                now.as_millisecond()
            ],
        )?;
    }
    Ok(())
}

/// Also what nobody is configured for any more comes to an end.
fn give_up_old(transaction: &Transaction<'_>, environment: &str, now: Timestamp) -> Result<(), Fault> {
    let before = |age: Duration| now.checked_sub(age).unwrap_or(Timestamp::MIN).as_millisecond();
    transaction.execute(
        "UPDATE outbox SET state = 'given_up', ended_ms = ?2, error = coalesce(error, 'it was never tried')
         WHERE environment = ?1 AND state = 'waiting' AND created_ms < ?3 AND coalesce(claimed_until, 0) < ?2",
        params![environment, now.as_millisecond(), before(GIVE_UP_AFTER)],
    )?;
    transaction.execute(
        "DELETE FROM outbox WHERE environment = ?1 AND state <> 'waiting' AND created_ms < ?2",
        params![environment, before(KEPT)],
    )?;
    Ok(())
}

/// The first that is due, is not claimed, and has nothing earlier of its thread waiting before it.
fn claim(
    transaction: &Transaction<'_>,
    (environment, notifier): (&EnvironmentName, &NotifierName),
    holder: String,
    (now, lease): (Timestamp, Duration),
) -> Result<Claim, Fault> {
    let sql = "SELECT place, notice, created_ms, attempts, max(due_ms, coalesce(claimed_until, 0)) AS free
        FROM outbox AS w WHERE environment = ?1 AND notifier = ?2 AND state = 'waiting'
            AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.environment = w.environment AND o.notifier = w.notifier
                AND o.thread = w.thread AND o.state = 'waiting' AND o.place < w.place)
        ORDER BY free, place LIMIT 1";
    let found = transaction.query_row(sql, [environment.as_str(), notifier.as_str()], waiting).optional()?;
    let Some((free, mut claimed)) = found else { return Ok(Claim::Nothing) };
    if free > now.as_millisecond() {
        return Ok(Claim::Wait(Timestamp::from_millisecond(free).unwrap_or(Timestamp::MAX)));
    }
    let until = now.checked_add(lease).unwrap_or(Timestamp::MAX).as_millisecond();
    transaction.execute(
        "UPDATE outbox SET claimed_by = ?2, claimed_until = ?3 WHERE place = ?1",
        params![claimed.place, holder, until],
    )?;
    claimed.holder = holder;
    claimed.threads.own = reference(transaction, (environment, notifier), claimed.notice.thread())?;
    for run in &claimed.notice.resolves {
        let reference = reference(transaction, (environment, notifier), run.as_str())?;
        claimed.threads.resolved.extend(reference);
    }
    Ok(Claim::One(Box::new(claimed)))
}

/// What the first of a thread was delivered as.
fn reference(
    connection: &Connection,
    (environment, notifier): (&EnvironmentName, &NotifierName),
    thread: &str,
) -> Result<Option<String>, Fault> {
    let sql = "SELECT reference FROM outbox
        WHERE environment = ?1 AND notifier = ?2 AND thread = ?3 AND reference IS NOT NULL ORDER BY place LIMIT 1";
    let names = params![environment.as_str(), notifier.as_str(), thread];
    Ok(connection.query_row(sql, names, |row| row.get(0)).optional()?)
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<(i64, Claimed)> {
    let claimed = Claimed {
        place: row.get(0)?,
        holder: String::new(),
        notice: notice(row, 1)?,
        created: time(row.get(2)?),
        attempt: row.get::<_, u32>(3)? + 1,
        threads: Threads::default(),
    };
    Ok((row.get(4)?, claimed))
}

fn notice(row: &Row<'_>, column: usize) -> rusqlite::Result<Notice> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into()))
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A journal that an older version has made, opened for reading, has no outbox.
fn list(connection: &Connection, environment: &EnvironmentName) -> Result<Vec<OutboxRow>, Fault> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'outbox'";
    if connection.query_row(sql, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(
        "SELECT id, notifier, state, notice, created_ms, due_ms, ended_ms, attempts, error FROM outbox
         WHERE environment = ?1 ORDER BY place",
    )?;
    let rows = statement.query_map([environment.as_str()], |row| {
        let state: String = row.get(2)?;
        Ok(OutboxRow {
            id: row.get(0)?,
            notifier: row.get(1)?,
            title: notice(row, 3)?.title,
            created: time(row.get(4)?),
            due: if state == "waiting" { Some(time(row.get(5)?)) } else { None },
            ended: row.get::<_, Option<i64>>(6)?.map(time),
            attempts: row.get(7)?,
            error: row.get(8)?,
            state,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
