//! Proving the chain: from the first record to the last, over the columns as they are stored.
//!
//! | what was done to the journal | what is found |
//! |---|---|
//! | a column was edited | that record does not have the hash of its content |
//! | a record was removed from the middle | the one after it: a number is missing |
//! | records changed places | the first of them does not have the hash of its content |
//! | the tail was cut off | `journal.head` remembers a later record |
//! | everything was written anew from some record on | `journal.head` remembers another hash |
//!
//! Who can write both files and computes all hashes anew is not found; a copy of the head on another machine finds
//! that too.

use std::path::Path;

use backout_core::port::StoreError;
use rusqlite::Connection;
use serde::Serialize;

use super::fault::Fault;
use super::head::{self, Head};
use super::rows::{self, COLUMNS, RawRecord};

/// An unbroken chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// How many records there are.
    pub records: u64,
    /// The newest one; `None` in an empty journal.
    pub head: Option<Head>,
    /// The record up to which the second copy agrees. `None` where there is no such copy: a missing tail could not be
    /// noticed then.
    pub remembered: Option<i64>,
}

/// Checks every record; the error names the first one that does not fit.
pub(super) fn chain(connection: &Connection, head_file: &Path) -> Result<ChainReport, Fault> {
    // Before the records are read: a record that is written meanwhile is then newer than what is remembered.
    let remembered = head::read(head_file)?;
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM record ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    let (mut records, mut newest) = (0, None);
    while let Some(row) = rows.next()? {
        newest = Some(follow(newest.as_ref(), &RawRecord::from_row(row)?)?);
        records += 1;
    }
    if let Some(remembered) = &remembered {
        check_remembered(connection, remembered, newest.as_ref())?;
    }
    Ok(ChainReport { records, head: newest, remembered: remembered.map(|head| head.seq) })
}

fn follow(before: Option<&Head>, record: &RawRecord) -> Result<Head, StoreError> {
    let broken = |why: String| Err(StoreError::Broken { seq: record.seq, why });
    let expected = before.map_or(0, |head| head.seq) + 1;
    if record.seq != expected {
        return broken(format!("record {expected} is missing"));
    }
    let hash = record.chained(before.map(|head| &head.hash));
    if hash.as_str() != record.hash {
        return broken("its content is not what its hash was made from: it was changed after it was written".into());
    }
    Ok(Head { seq: record.seq, hash })
}

fn check_remembered(connection: &Connection, remembered: &Head, newest: Option<&Head>) -> Result<(), Fault> {
    let last = newest.map_or(0, |head| head.seq);
    let (seq, why) = match rows::hash_of(connection, remembered.seq)? {
        Some(hash) if hash == remembered.hash => return Ok(()),
        Some(_) => {
            (remembered.seq, "`journal.head` remembers another one in its place: history was written anew".into())
        }
        None => (last + 1, format!("it is missing: `journal.head` remembers records up to {}", remembered.seq)),
    };
    Err(StoreError::Broken { seq, why }.into())
}
