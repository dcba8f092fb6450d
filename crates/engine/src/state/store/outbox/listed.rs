//! Looking: the outbox, line by line.

use backout_core::id::EnvironmentName;
use jiff::Timestamp;
use rusqlite::Connection;
use serde::Serialize;

use super::tables::{notice, time};
use crate::state::store::fault::Fault;

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

/// A journal that an older version has made, opened for reading, has no outbox.
pub(super) fn list(connection: &Connection, environment: &EnvironmentName) -> Result<Vec<OutboxRow>, Fault> {
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
