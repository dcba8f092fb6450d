//! The second copy of the newest record's number and hash, in a file of its own: a chain alone cannot show that its
//! tail is missing.
//!
//! Contract: the file may lag behind the journal (a crash between the two, a full disk) and then proves less; it is
//! never ahead of it, so it never accuses wrongly. It moves only along the chain: once the record that it names is
//! gone from the journal, it stays as it is, as the evidence.

use std::fs;
use std::io;
use std::path::Path;

use backout_core::id::Digest;
use backout_core::journal::Record;
use backout_core::port::StoreError;
use rusqlite::Connection;
use serde::Serialize;

use super::fault::Fault;
use super::rows;
use crate::state::durable;
use crate::state::failure::Failure;

/// One end of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The number of the newest record.
    pub seq: i64,
    /// Its hash.
    pub hash: Digest,
}

impl Head {
    fn to_text(&self) -> String {
        format!("1 {} {}\n", self.seq, self.hash)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("1"), Some(seq), Some(hash), None) => {
                Some(Self { seq: seq.parse().ok()?, hash: Digest::try_from(hash.to_owned()).ok()? })
            }
            _ => None,
        }
    }
}

/// The remembered head; `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Head>, StoreError> {
    match fs::read_to_string(path) {
        Ok(text) => Head::parse(&text).map(Some).ok_or_else(|| unreadable(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io("read", path, error).into()),
    }
}

/// Remembers a record that has just been committed. It cannot fail the append: the record is durable already, and a
/// head that lags is still true.
pub(super) fn advance(connection: &Connection, path: &Path, record: &Record) {
    if may_advance(connection, path, record.seq).unwrap_or(false) {
        let head = Head { seq: record.seq, hash: record.hash.clone() };
        let _ = durable::replace(path, head.to_text().as_bytes(), 0o600);
    }
}

fn may_advance(connection: &Connection, path: &Path, seq: i64) -> Result<bool, Fault> {
    let Some(known) = read(path)? else { return Ok(true) };
    // Another process may have committed and remembered a later record since.
    Ok(known.seq < seq && rows::hash_of(connection, known.seq)?.as_ref() == Some(&known.hash))
}

fn unreadable(path: &Path) -> StoreError {
    Failure::new(
        format!("`{}` does not say which record is the newest", path.display()),
        "it was changed by hand, or written by a newer version: restore it from a backup of the state directory",
    )
    .into()
}
