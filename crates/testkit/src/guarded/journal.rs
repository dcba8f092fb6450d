//! The journal, read as another program would: its file, read-only.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// One record.
#[derive(Debug, Clone)]
pub struct JournalRecord {
    /// Its number.
    pub seq: i64,
    /// When it was appended, as it is written there.
    pub at: String,
    /// Its kind.
    pub kind: String,
    /// The run it belongs to.
    pub run: Option<String>,
    /// What it says.
    pub body: Value,
}

impl JournalRecord {
    /// What the body says at a JSON pointer, as text.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }
}

/// Where a journal is.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in a state directory, which need not be there yet.
    #[must_use]
    pub fn of(state: &Path) -> Self {
        Self { path: state.join("journal.db") }
    }

    /// The number of the newest record; 0 while there is no journal.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.open().and_then(|file| newest(&file)).unwrap_or(0)
    }

    /// Looks again and again until the record of that number is there, or `is_over`. Whether it is there.
    #[must_use]
    pub fn await_record(&self, seq: i64, mut is_over: impl FnMut() -> bool) -> bool {
        let mut file = None;
        loop {
            file = file.or_else(|| self.open());
            let is_there = || file.as_ref().and_then(newest).is_some_and(|newest| newest >= seq);
            if is_there() {
                return true;
            }
            if is_over() {
                return is_there();
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// All records after that number, oldest first.
    ///
    /// # Panics
    /// Where the file is no journal.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test without its journal cannot go on")]
    pub fn since(&self, seq: i64) -> Vec<JournalRecord> {
        let Some(file) = self.open() else { return Vec::new() };
        let mut query = file.prepare("SELECT seq, at, kind, run, body FROM record WHERE seq > ? ORDER BY seq").unwrap();
        let rows = query.query_map([seq], |row| {
            let body: String = row.get(4)?;
            Ok(JournalRecord {
                seq: row.get(0)?,
                at: row.get(1)?,
                kind: row.get(2)?,
                run: row.get(3)?,
                body: serde_json::from_str(&body).unwrap_or_default(),
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// The newest record of a kind.
    #[must_use]
    pub fn newest(&self, kind: &str) -> Option<JournalRecord> {
        self.since(0).into_iter().rev().find(|record| record.kind == kind)
    }

    /// How the newest run that has ended did: its result.
    #[must_use]
    pub fn result(&self) -> Option<String> {
        self.newest("run_ended")?.text("/result").map(str::to_owned)
    }

    fn open(&self) -> Option<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = Connection::open_with_flags(&self.path, flags).ok()?;
        file.busy_timeout(std::time::Duration::from_secs(5)).ok()?;
        Some(file)
    }
}

fn newest(file: &Connection) -> Option<i64> {
    file.query_row("SELECT max(seq) FROM record", [], |row| row.get::<_, Option<i64>>(0)).ok().flatten()
}
