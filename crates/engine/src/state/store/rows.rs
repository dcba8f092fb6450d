//! The record table: columns in, columns out, and what they mean.
//!
//! Contract: the hash of a record covers its columns as they are stored, byte for byte, so that the chain can be
//! checked without understanding a single body.

use backout_core::id::{Digest, EnvironmentName, RunId};
use backout_core::journal::{Body, FORMAT, Record, chain};
use backout_core::port::StoreError;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;

use super::fault::Fault;
use crate::state::failure::Failure;

/// Which records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those of one environment.
    Environment(EnvironmentName),
    /// Those of one run.
    Run(RunId),
}

impl Which {
    /// The condition, with `?1` in it, and the value of `?1`.
    fn condition(&self) -> (&'static str, &str) {
        match self {
            Which::All => ("?1 = ''", ""),
            Which::Environment(environment) => ("environment = ?1", environment.as_str()),
            Which::Run(run) => ("run = ?1", run.as_str()),
        }
    }
}

/// A record as it is stored, understood or not: also one that a newer version has written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RawRecord {
    /// Its place, counted from 1.
    pub seq: i64,
    /// The format that it was written in.
    pub format: i64,
    /// When it was written, RFC 3339.
    pub at: String,
    /// The environment it is about.
    pub environment: String,
    /// The run it belongs to.
    pub run: Option<String>,
    /// The kind of its body.
    pub kind: String,
    /// What it says: JSON text.
    pub body: String,
    /// Its hash.
    pub hash: String,
}

pub(super) const COLUMNS: &str = "seq, format, at, environment, run, kind, body, hash";

impl RawRecord {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            format: row.get(1)?,
            at: row.get(2)?,
            environment: row.get(3)?,
            run: row.get(4)?,
            kind: row.get(5)?,
            body: row.get(6)?,
            hash: row.get(7)?,
        })
    }

    /// The hash that it should have after the record before it.
    pub(super) fn chained(&self, before: Option<&Digest>) -> Digest {
        let (seq, format) = (self.seq.to_string(), self.format.to_string());
        let run = self.run.as_deref().unwrap_or_default();
        chain(before, &[&seq, &format, &self.at, &self.environment, run, &self.kind, &self.body])
    }

    /// The record that the columns stand for.
    fn understood(self) -> Result<Record, StoreError> {
        let seq = self.seq;
        let format = u32::try_from(self.format).unwrap_or(u32::MAX);
        self.parsed(format).map_err(|why| match format {
            newer if newer > FORMAT => StoreError::TooNew { found: newer, known: FORMAT },
            _ => StoreError::Broken { seq, why: format!("it cannot be read: {why}") },
        })
    }

    fn parsed(self, format: u32) -> Result<Record, String> {
        Ok(Record {
            seq: self.seq,
            format,
            at: self.at.parse().map_err(|error| format!("{error}"))?,
            environment: EnvironmentName::try_from(self.environment).map_err(|error| error.to_string())?,
            run: self.run.map(RunId::try_from).transpose().map_err(|error| error.to_string())?,
            body: serde_json::from_str(&self.body).map_err(|error| error.to_string())?,
            hash: Digest::try_from(self.hash).map_err(|error| error.to_string())?,
        })
    }
}

/// The stored hash of a record. Whether it is the right one is for the chain to say.
fn stored_hash(seq: i64, text: String) -> Result<Digest, StoreError> {
    Digest::try_from(text).map_err(|error| StoreError::Broken { seq, why: error.to_string() })
}

/// What is about to be appended, already as text.
#[derive(Debug)]
pub(super) struct Entry {
    at: Timestamp,
    environment: EnvironmentName,
    run: Option<RunId>,
    kind: &'static str,
    text: String,
    body: Body,
}

impl Entry {
    /// Puts a body into text, and reads it back: a record that cannot be read would be a run that cannot be resumed.
    pub(super) fn new(
        environment: &EnvironmentName,
        run: Option<RunId>,
        body: &Body,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let text = serde_json::to_string(body).map_err(|error| unreadable(body, &error))?;
        let read = serde_json::from_str(&text).map_err(|error| unreadable(body, &error))?;
        Ok(Self { at, environment: environment.clone(), run, kind: body.kind(), text, body: read })
    }
}

fn unreadable(body: &Body, error: &serde_json::Error) -> StoreError {
    Failure::new(
        format!("a record of kind `{}` would not be readable and was not written: {error}", body.kind()),
        "this is a defect of backout: please report it with this message",
    )
    .into()
}

/// Appends an entry after the newest record.
pub(super) fn append(transaction: &Transaction<'_>, mut entry: Entry) -> Result<Record, Fault> {
    let before = newest(transaction)?;
    let mut raw = RawRecord {
        seq: before.as_ref().map_or(0, |(seq, _)| *seq) + 1,
        format: i64::from(FORMAT),
        at: entry.at.to_string(),
        environment: entry.environment.as_str().to_owned(),
        run: entry.run.as_ref().map(|run| run.as_str().to_owned()),
        kind: entry.kind.to_owned(),
        body: std::mem::take(&mut entry.text),
        hash: String::new(),
    };
    let hash = raw.chained(before.as_ref().map(|(_, hash)| hash));
    raw.hash = hash.as_str().to_owned();
    insert(transaction, &raw)?;
    let Entry { at, environment, run, body, .. } = entry;
    Ok(Record { seq: raw.seq, format: FORMAT, at, environment, run, body, hash })
}

fn insert(transaction: &Transaction<'_>, raw: &RawRecord) -> Result<(), Fault> {
    transaction.execute(
        &format!("INSERT INTO record ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
        params![raw.seq, raw.format, raw.at, raw.environment, raw.run, raw.kind, raw.body, raw.hash],
    )?;
    Ok(())
}

/// The number and the hash of the newest record.
fn newest(connection: &Connection) -> Result<Option<(i64, Digest)>, Fault> {
    let sql = "SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1";
    let row: Option<(i64, String)> = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(row.map(|(seq, text)| stored_hash(seq, text).map(|hash| (seq, hash))).transpose()?)
}

/// The hash of one record.
pub(super) fn hash_of(connection: &Connection, seq: i64) -> Result<Option<Digest>, Fault> {
    let sql = "SELECT hash FROM record WHERE seq = ?1";
    let text: Option<String> = connection.query_row(sql, [seq], |row| row.get(0)).optional()?;
    Ok(text.map(|text| stored_hash(seq, text)).transpose()?)
}

/// Which records are read.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) which: Which,
    /// All kinds where there is none.
    pub(super) kinds: Vec<String>,
    /// The first number read.
    pub(super) since: i64,
}

impl Selection {
    pub(super) fn new(which: Which, kinds: &[&str]) -> Self {
        Self { which, kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(), since: 1 }
    }
}

/// Records, oldest first.
pub(super) fn records(connection: &Connection, selection: &Selection) -> Result<Vec<Record>, Fault> {
    let raw = raw(connection, selection)?;
    raw.into_iter().map(|raw| raw.understood().map_err(Fault::from)).collect()
}

/// The same as they are stored.
pub(super) fn raw(connection: &Connection, selection: &Selection) -> Result<Vec<RawRecord>, Fault> {
    let (condition, value) = selection.which.condition();
    let kinds = (!selection.kinds.is_empty()).then(|| serde_json::Value::from(selection.kinds.as_slice()).to_string());
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM record
         WHERE {condition} AND seq >= ?2 AND (?3 IS NULL OR kind IN (SELECT value FROM json_each(?3))) ORDER BY seq"
    ))?;
    let rows = statement.query_map(params![value, selection.since, kinds], RawRecord::from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
