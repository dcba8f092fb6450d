//! Opening the file: its tables, its version, and how SQLite is told to treat it.
//!
//! Contract: a writer's connection is in WAL mode with `synchronous=FULL`, so that a committed record survives a loss
//! of power; the file is one of backout and of a format that this version may write.
//!
//! A reader takes what it finds, of any format. On a file system that is read-only or full SQLite cannot make the shared
//! memory file that WAL needs; then the file is opened as immutable, which is right where no log is left beside it, and
//! nobody else can write there.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use backout_core::journal::FORMAT;
use backout_core::port::StoreError;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::fault::Fault;
use super::{alerts, outbox};
use crate::state::durable;
use crate::state::failure::{Failure, is_full};
use crate::state::state_dir::StateDir;

/// How long a connection waits for another process's transaction. Those last for milliseconds.
const BUSY: Duration = Duration::from_secs(5);

/// Marks the file as ours for `file` and for a second look: "bkot".
const APPLICATION: i32 = 0x626b_6f74;

/// The triggers are the belt to the chain's braces: a slip in a shell is refused, and a deliberate change is detected.
const TABLES: &str = "
CREATE TABLE record (
    seq         INTEGER PRIMARY KEY,
    format      INTEGER NOT NULL,
    at          TEXT NOT NULL,
    environment TEXT NOT NULL,
    run         TEXT,
    kind        TEXT NOT NULL,
    body        TEXT NOT NULL,
    hash        TEXT NOT NULL
) STRICT;
CREATE INDEX record_by_environment ON record (environment, kind, seq);
CREATE INDEX record_by_run ON record (run, seq);
CREATE TRIGGER record_is_not_updated BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'history is appended, never edited'); END;
CREATE TRIGGER record_is_not_deleted BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'history is appended, never edited'); END;
CREATE TRIGGER record_is_appended BEFORE INSERT ON record
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM record)
BEGIN SELECT RAISE(ABORT, 'history is appended, never edited'); END;
CREATE TABLE lease (
    environment TEXT PRIMARY KEY,
    holder      TEXT,
    token       INTEGER NOT NULL,
    until       TEXT,
    ttl_ms      INTEGER NOT NULL
) STRICT;
";

/// Opens the journal for writing; makes it where there is none.
pub(super) fn open(dir: &StateDir) -> Result<Connection, StoreError> {
    dir.check_owner()?;
    let path = dir.journal();
    // The switch to WAL needs the file for itself: two processes that open a new journal take turns.
    let _turn = turn(dir)?;
    create_private(&path)?;
    connect(&path).map_err(|fault| in_words("open", &path, fault))
}

/// Opens the journal for reading. One that is not there yet reads as empty.
pub(super) fn open_read_only(dir: &StateDir) -> Result<Connection, StoreError> {
    let path = dir.journal();
    let opened = if is_there(&path)? { connect_to_read(&path) } else { empty() };
    opened.map_err(|fault| in_words("read", &path, fault))
}

/// Puts a fault into words: `doing` completes "cannot …".
pub(super) fn in_words(doing: &str, path: &Path, fault: Fault) -> StoreError {
    match fault {
        Fault::Sql(error) => Failure::sqlite(doing, path, error).into(),
        Fault::Store(error) => error,
    }
}

/// Refuses to write to what a newer version has written to, also when that happened after this connection was opened.
pub(super) fn check_format(connection: &Connection) -> Result<(), Fault> {
    let found = format(connection)?;
    if found > FORMAT { Err(StoreError::TooNew { found, known: FORMAT }.into()) } else { Ok(()) }
}

fn format(connection: &Connection) -> Result<u32, Fault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn turn(dir: &StateDir) -> Result<std::fs::File, Failure> {
    let locked = std::fs::File::open(dir.root()).and_then(|folder| {
        rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(folder)
    });
    locked.map_err(|error| Failure::io("lock", dir.root(), error))
}

/// Makes the file before SQLite does, because SQLite would let everybody read it. An existing one is not even opened:
/// closing it again would drop the locks that another connection of this process has on it.
fn create_private(path: &Path) -> Result<(), Failure> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => durable::sync_folder_of(path).map_err(|error| Failure::io("create", path, error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // On a read-only file system the answer is the same whether or not the file is there; opening it tells.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem && path.exists() => Ok(()),
        Err(error) => Err(Failure::io("create", path, error)),
    }
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    let mut connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    if connection.is_readonly("main")? {
        return Err(StoreError::from(Failure::io("write to", path, read_only_cause(path))).into());
    }
    // Before anything is changed: the switch to WAL already writes.
    if !is_empty(&connection)? {
        check_is_ours(&connection, path)?;
        check_format(&connection)?;
    }
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    create_tables(&mut connection)?;
    Ok(connection)
}

fn create_tables(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.execute_batch(outbox::TABLES)?;
    transaction.execute_batch(alerts::TABLES)?;
    Ok(transaction.commit()?)
}

fn connect_to_read(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    match is_empty(&connection) {
        Ok(true) => empty(),
        Ok(false) => check_is_ours(&connection, path).map(|()| connection),
        Err(_) if can_be_immutable(path) => {
            let connection = Connection::open_with_flags(immutable(path), flags | OpenFlags::SQLITE_OPEN_URI)?;
            check_is_ours(&connection, path).map(|()| connection)
        }
        Err(fault) => Err(fault),
    }
}

/// What a journal without a record looks like; also what a crash right after the creation of the file leaves.
fn empty() -> Result<Connection, Fault> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn is_empty(connection: &Connection) -> Result<bool, Fault> {
    Ok(connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0)
}

fn check_is_ours(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application == APPLICATION {
        return Ok(());
    }
    let failure = Failure::new(
        format!("`{}` is a database of another program", path.display()),
        "move the file away, or name another place with `--state`",
    );
    Err(StoreError::from(failure).into())
}

fn is_there(path: &Path) -> Result<bool, Failure> {
    match path.try_exists() {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(Failure::io("read", path, error)),
        Err(error) => Err(Failure::io("read", path, error)),
        Ok(is_there) => Ok(is_there),
    }
}

/// A log that is not empty holds records that the file itself does not; reading without it would show an older state
/// as the newest.
fn can_be_immutable(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_logged = std::fs::metadata(Path::new(&log)).is_ok_and(|meta| meta.len() > 0);
    let folder = path.parent().unwrap_or(path);
    !is_logged && (rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_err() || is_full(path))
}

fn immutable(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(uri, "%{byte:02x}")),
        }
    }
    uri + "?immutable=1"
}

fn read_only_cause(path: &Path) -> io::Error {
    match rustix::fs::access(path, rustix::fs::Access::WRITE_OK) {
        Err(error) => error.into(),
        Ok(()) => io::ErrorKind::PermissionDenied.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writer_survives_a_loss_of_power_and_trusts_nothing_in_the_file() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = StateDir::create(&tmp.path().join("state")).unwrap();
        let connection = open(&dir).unwrap();
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        let full = 2;
        assert_eq!(["synchronous", "foreign_keys", "trusted_schema"].map(pragma), [full, 1, 0]);
        assert_eq!(pragma("busy_timeout"), 5_000);
    }
}
