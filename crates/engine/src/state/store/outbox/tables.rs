//! The tables, and what is read from their columns.

use backout_core::notify::Notice;
use jiff::Timestamp;
use rusqlite::Row;

/// The outbox's tables. They were added to files of format 1: an older version does not look at them.
pub(in crate::state::store) const TABLES: &str = "
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

pub(super) fn notice(row: &Row<'_>, column: usize) -> rusqlite::Result<Notice> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into()))
}

pub(super) fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
