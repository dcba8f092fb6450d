//! The lease table: one row an environment, which stays for ever, so that its token only grows.
//!
//! | what is there | who asks | answer |
//! |---|---|---|
//! | no row, or given back | acquire | taken, token + 1 |
//! | held, not expired | acquire, by anybody | `Held` |
//! | held, expired | acquire | taken over, token + 1 |
//! | held with this token, expired or not | renew, append | done |
//! | another token | renew, append | `Fenced` |
//! | another token | release | nothing |

use std::time::Duration;

use backout_core::id::{EnvironmentName, FencingToken};
use backout_core::port::{Holder, Lease, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::fault::Fault;

/// From when and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub(super) now: Timestamp,
    pub(super) ttl: Duration,
}

impl Term {
    fn until(self) -> Timestamp {
        self.now.checked_add(self.ttl).unwrap_or(Timestamp::MAX)
    }

    fn ttl_ms(self) -> i64 {
        i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX)
    }
}

/// How an attempt to take a lease ended. Both ways are committed: see [`Stored::set_forward`].
#[derive(Debug)]
pub(super) enum Acquired {
    Taken(Lease),
    Held { environment: EnvironmentName, holder: String, until: Timestamp },
}

impl Acquired {
    pub(super) fn into_result(self) -> Result<Lease, StoreError> {
        match self {
            Self::Taken(lease) => Ok(lease),
            Self::Held { environment, holder, until } => Err(StoreError::Held { environment, holder, until }),
        }
    }
}

struct Stored {
    /// `None` where it was given back.
    held: Option<(String, Timestamp)>,
    token: i64,
    ttl: Duration,
}

impl Stored {
    /// The end that a lease can have at most, where it is later than its own duration from now: then the clock was set
    /// back since, and without this a dead holder would block for as long as the clock was wrong.
    fn set_forward(&self, now: Timestamp) -> Option<Timestamp> {
        let (_, until) = self.held.as_ref()?;
        let latest = Term { now, ttl: self.ttl }.until();
        (*until > latest).then_some(latest)
    }
}

/// Takes the lease unless somebody has it: also the same holder asking again is refused, because it may be another
/// process under the same name.
pub(super) fn acquire(
    transaction: &Transaction<'_>,
    environment: EnvironmentName,
    holder: String,
    term: Term,
) -> Result<Acquired, Fault> {
    let stored = read(transaction, &environment)?;
    let forward = stored.as_ref().and_then(|stored| stored.set_forward(term.now));
    if let Some(until) = forward {
        set_until(transaction, &environment, until)?;
    }
    let token = stored.as_ref().map_or(0, |stored| stored.token) + 1;
    match stored.and_then(|stored| stored.held) {
        Some((holder, until)) if until > term.now => {
            Ok(Acquired::Held { environment, holder, until: forward.unwrap_or(until) })
        }
        _ => take(transaction, Lease { environment, token: FencingToken(token), holder }, term).map(Acquired::Taken),
    }
}

fn take(transaction: &Transaction<'_>, lease: Lease, term: Term) -> Result<Lease, Fault> {
    transaction.execute(
        "INSERT INTO lease (environment, holder, token, until, ttl_ms) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (environment) DO UPDATE SET holder = ?2, token = ?3, until = ?4, ttl_ms = ?5",
        params![lease.environment.as_str(), lease.holder, lease.token.0, term.until().to_string(), term.ttl_ms()],
    )?;
    Ok(lease)
}

fn set_until(transaction: &Transaction<'_>, environment: &EnvironmentName, until: Timestamp) -> Result<(), Fault> {
    let columns = params![environment.as_str(), until.to_string()];
    transaction.execute("UPDATE lease SET until = ?2 WHERE environment = ?1", columns)?;
    Ok(())
}

/// An expired lease that nobody has taken over is still good for writing. The expiry says when others may take over;
/// the token says whether somebody has. Refusing by the clock as well would add no safety, and a process that was
/// suspended for a moment in the middle of a rollback could no longer record what it had done.
pub(super) fn check(connection: &Connection, lease: &Lease) -> Result<(), Fault> {
    match read(connection, &lease.environment)? {
        Some(Stored { held: Some(_), token, .. }) if token == lease.token.0 => Ok(()),
        _ => Err(StoreError::Fenced { environment: lease.environment.clone() }.into()),
    }
}

pub(super) fn renew(transaction: &Transaction<'_>, lease: &Lease, term: Term) -> Result<(), Fault> {
    check(transaction, lease)?;
    take(transaction, lease.clone(), term).map(drop)
}

/// The row stays, without a holder: nobody can write with its token any more, and the next one is greater.
pub(super) fn release(transaction: &Transaction<'_>, lease: &Lease) -> Result<(), Fault> {
    transaction.execute(
        "UPDATE lease SET holder = NULL, until = NULL WHERE environment = ?1 AND token = ?2",
        params![lease.environment.as_str(), lease.token.0],
    )?;
    Ok(())
}

pub(super) fn holder(connection: &Connection, environment: &EnvironmentName) -> Result<Option<Holder>, Fault> {
    let Some(Stored { held: Some((holder, until)), token, .. }) = read(connection, environment)? else {
        return Ok(None);
    };
    Ok(Some(Holder { holder, until, token: FencingToken(token) }))
}

fn read(connection: &Connection, environment: &EnvironmentName) -> Result<Option<Stored>, Fault> {
    let sql = "SELECT holder, until, token, ttl_ms FROM lease WHERE environment = ?1";
    Ok(connection.query_row(sql, [environment.as_str()], stored).optional()?)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let (holder, until): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
    // An end that cannot be read has passed: a damaged row must not block for ever, and the token still protects.
    let until = until.and_then(|until| until.parse().ok()).unwrap_or(Timestamp::MIN);
    let ttl_ms: i64 = row.get(3)?;
    Ok(Stored {
        held: holder.map(|holder| (holder, until)),
        token: row.get(2)?,
        ttl: Duration::from_millis(u64::try_from(ttl_ms).unwrap_or_default()),
    })
}
