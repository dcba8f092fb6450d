//! Sending: whoever sends a notice claims it, and says how that ended.

use std::time::Duration;

use backout_core::id::{EnvironmentName, NotifierName};
use backout_core::notify::Notice;
use backout_core::port::Threads;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::tables::{notice, time};
use crate::state::store::fault::Fault;

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

/// The first that is due, is not claimed, and has nothing earlier of its thread waiting before it.
pub(super) fn claim(
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

/// Says how sending a claimed notice ended. Answers whether it was still claimed by that holder.
pub(in crate::state::store) fn settle(
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
