//! Alerts that are told by webhooks, as they stand: whoever listens writes them, and every process can look at them.
//!
//! Contract: an alert fires as long as one of those told under its name does. Where nobody has listened of late, nobody knows.
//! That somebody listens is said anew every few seconds, and holds for half a minute.

use std::time::Duration;

use backout_core::hook::{AlertState, Heard};
use backout_core::id::{AlertName, EnvironmentName};
use backout_core::port::StoreError;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::fault::Fault;
use super::sqlite::SqliteStore;

/// The tables. They were added to files of format 1: an older version does not look at them.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS heard (
    environment TEXT NOT NULL,
    alert       TEXT NOT NULL,
    id          TEXT NOT NULL,
    what        TEXT NOT NULL,
    since_ms    INTEGER NOT NULL,
    PRIMARY KEY (environment, alert, id)
) STRICT;
CREATE TABLE IF NOT EXISTS listening (
    environment TEXT PRIMARY KEY,
    until_ms    INTEGER NOT NULL
) STRICT;
";

/// How long it holds that somebody listens.
const HOLDS: Duration = Duration::from_secs(30);
/// How many of one name are kept; one is enough for the name to fire.
const KEPT: i64 = 1_000;

impl SqliteStore {
    /// Keeps what was heard of alerts, and answers with those that were not so before.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn keep_heard(
        &self,
        environment: &EnvironmentName,
        heard: Vec<Heard>,
        now: Timestamp,
    ) -> Result<Vec<Heard>, StoreError> {
        let environment = environment.clone();
        self.writing("write an alert to", move |transaction| {
            let mut changed = Vec::new();
            for heard in heard {
                if keep(transaction, &environment, &heard, now)? {
                    changed.push(heard);
                }
            }
            Ok(changed)
        })
        .await
    }

    /// Says that somebody listens.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub async fn listens(&self, environment: &EnvironmentName, now: Timestamp) -> Result<(), StoreError> {
        let (environment, until) = (environment.clone(), (now + HOLDS).as_millisecond());
        self.writing("write to", move |transaction| {
            let sql = "INSERT INTO listening VALUES (?1, ?2) ON CONFLICT DO UPDATE SET until_ms = ?2";
            Ok(transaction.execute(sql, params![environment.as_str(), until]).map(drop)?)
        })
        .await
    }

    pub(super) async fn alert_state(
        &self,
        environment: &EnvironmentName,
        alert: &AlertName,
        now: Timestamp,
    ) -> Result<AlertState, StoreError> {
        let (environment, alert) = (environment.clone(), alert.clone());
        self.blocking("read", move |connection| state(connection, &environment, &alert, now)).await
    }
}

/// Whether that is new.
fn keep(
    transaction: &Transaction<'_>,
    environment: &EnvironmentName,
    heard: &Heard,
    now: Timestamp,
) -> Result<bool, Fault> {
    let (environment, alert) = (environment.as_str(), heard.alert.as_str());
    let names = params![environment, alert, heard.id];
    if !heard.is_firing {
        let sql = "DELETE FROM heard WHERE environment = ?1 AND alert = ?2 AND id = ?3";
        return Ok(transaction.execute(sql, names)? > 0);
    }
    let sql = "SELECT count(*) FROM heard WHERE environment = ?1 AND alert = ?2 AND id = ?3";
    let was_firing = transaction.query_row(sql, names, |row| row.get::<_, i64>(0))? > 0;
    let sql = "INSERT INTO heard SELECT ?1, ?2, ?3, ?4, ?5
        WHERE (SELECT count(*) FROM heard WHERE environment = ?1 AND alert = ?2) < ?6
        ON CONFLICT DO UPDATE SET what = ?4";
    let columns = params![environment, alert, heard.id, heard.what, now.as_millisecond(), KEPT];
    Ok(transaction.execute(sql, columns)? > 0 && !was_firing)
}

fn state(
    connection: &Connection,
    environment: &EnvironmentName,
    alert: &AlertName,
    now: Timestamp,
) -> Result<AlertState, Fault> {
    let nobody = || AlertState::Unheard {
        why: "nobody listens for webhooks; start `backout watch --listen 127.0.0.1:9797`".to_owned(),
    };
    let has_tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('heard', 'listening')";
    if connection.query_row(has_tables, [], |row| row.get::<_, i64>(0))? < 2 {
        return Ok(nobody());
    }
    let sql = "SELECT until_ms FROM listening WHERE environment = ?1";
    let until: Option<i64> = connection.query_row(sql, [environment.as_str()], |row| row.get(0)).optional()?;
    if until.is_none_or(|until| until <= now.as_millisecond()) {
        return Ok(nobody());
    }
    let sql = "SELECT what, since_ms FROM heard WHERE environment = ?1 AND alert = ?2 ORDER BY since_ms, id LIMIT 1";
    let names = params![environment.as_str(), alert.as_str()];
    let firing: Option<(String, i64)> =
        connection.query_row(sql, names, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(firing.map_or(AlertState::Quiet, |(what, since)| AlertState::Firing {
        what,
        since: Timestamp::from_millisecond(since).unwrap_or(Timestamp::UNIX_EPOCH),
    }))
}
