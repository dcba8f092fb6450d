//! What the machine said, in words: turns errors of files and of SQLite into what happened and what to do next.
//!
//! Contract: every message names the path it is about, and a full disk is called a full disk whatever the layer that
//! noticed it called it.

use std::io;
use std::path::Path;

use backout_core::port::{PortError, StoreError};
use rusqlite::ErrorCode;

const FREE_SPACE: &str = "free some space there, then run the same command again; nothing that was recorded is lost";
const MAKE_WRITABLE: &str = "make it writable for the user that runs backout, or name another place with `--state`";

/// What happened and what to do, before it becomes the error of one port or another.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) hint: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into(), source: None }
    }

    /// `doing` completes "cannot …": `create`, `read`, `append a record to`.
    pub(crate) fn io(doing: &str, path: &Path, error: io::Error) -> Self {
        let (why, hint) = io_words(&error);
        Self { what: format!("cannot {doing} `{}`: {why}", path.display()), hint, source: Some(Box::new(error)) }
    }

    /// `doing` completes "cannot …" for the journal at `path`.
    pub(crate) fn sqlite(doing: &str, path: &Path, error: rusqlite::Error) -> Self {
        let (why, hint) = sqlite_words(path, &error);
        Self { what: format!("cannot {doing} `{}`: {why}", path.display()), hint, source: Some(Box::new(error)) }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self::Unusable { what: failure.what, hint: failure.hint, source: failure.source }
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.what).hint(failure.hint)
    }
}

fn io_words(error: &io::Error) -> (String, String) {
    let (why, hint) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ("no space left on the device", FREE_SPACE),
        io::ErrorKind::ReadOnlyFilesystem => ("the file system is read-only", MAKE_WRITABLE),
        io::ErrorKind::PermissionDenied => ("permission denied", MAKE_WRITABLE),
        io::ErrorKind::NotADirectory => {
            ("a part of the path is a file, not a folder", "name another place with `--state`, or move the file away")
        }
        io::ErrorKind::NotFound => ("it is not there", "check the path, or name another place with `--state`"),
        _ => return (error.to_string(), "look at the file system it is on, then run the same command again".into()),
    };
    (why.into(), hint.into())
}

fn sqlite_words(path: &Path, error: &rusqlite::Error) -> (String, String) {
    let Some(code) = error.sqlite_error_code() else {
        return (error.to_string(), "this is a defect of backout: please report it with this message".into());
    };
    let (why, hint) = match code {
        ErrorCode::DiskFull => ("no space left on the device", FREE_SPACE),
        // What a full disk does to the shared memory file reaches us as a failed read or write.
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen if is_full(path) => {
            ("no space left on the device", FREE_SPACE)
        }
        ErrorCode::SystemIoFailure => {
            ("reading or writing failed", "look at the disk (`dmesg`, `df`), then run the same command again")
        }
        ErrorCode::ReadOnly => ("it is read-only", MAKE_WRITABLE),
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => ("it cannot be opened", MAKE_WRITABLE),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            ("another process has been writing for too long", "wait for it, or look for a process that hangs")
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => (
            "it is damaged, or not a journal of backout",
            "keep a copy of the state directory, then restore it from a backup or name another with `--state`",
        ),
        _ => return (error.to_string(), "this is a defect of backout: please report it with this message".into()),
    };
    (why.into(), hint.into())
}

/// Whether no block is free for this user where `path` is.
pub(crate) fn is_full(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    rustix::fs::statvfs(folder).is_ok_and(|space| space.f_blocks > 0 && space.f_bavail == 0)
}
