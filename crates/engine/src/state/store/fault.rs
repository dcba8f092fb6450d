//! What can go wrong inside of one piece of work on the connection, before it is put into words.

use backout_core::port::StoreError;

/// SQLite's own error, which still lacks what was being done to which file, or one that says it all already.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
