//! What was seen of a database, and what each thing means for going back.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ledger, ObjectName, Schema};
use crate::id::{BackupId, DatabaseName};
use crate::policy::Check;

/// What one look at a database saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseFact {
    /// The database.
    pub database: DatabaseName,
    /// When.
    pub at: Timestamp,
    /// What.
    pub seen: DatabaseSeen,
}

impl DatabaseFact {
    /// What is known, where something is.
    #[must_use]
    pub fn state(&self) -> Option<&DatabaseState> {
        match &self.seen {
            DatabaseSeen::Known(state) => Some(state),
            DatabaseSeen::Unknown { .. } => None,
        }
    }
}

/// A database seen, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum DatabaseSeen {
    /// It answered.
    Known(Box<DatabaseState>),
    /// It could not be seen.
    Unknown {
        /// Why.
        why: String,
    },
}

/// How a database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseState {
    /// Its name on the server.
    pub dbname: String,
    /// Its object number: what a name stands for.
    pub oid: u32,
    /// `server_version_num`.
    pub server_version: u32,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Its schema.
    pub schema: Schema,
    /// What its migration tools say was applied.
    pub ledgers: Vec<Ledger>,
    /// The configured integrity queries: each holds, does not, or could not be asked.
    pub integrity: Vec<Check>,
    /// What was soft-dropped by an earlier run and is still there.
    pub soft_dropped: Vec<super::Preserve>,
    /// Databases that earlier runs have put aside.
    pub kept: Vec<KeptDatabase>,
}

/// A database that a run has put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptDatabase {
    /// Its name on the server.
    pub dbname: String,
    /// Its object number.
    pub oid: u32,
    /// Its size, in bytes.
    pub bytes: u64,
    /// When it was put aside.
    pub since: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
    /// The restore point that took its place, or that it was made from where a swap was taken back.
    pub backup: Option<BackupId>,
}

/// What stands in the way of a rollback, or will cost something, with what to do about it. Nothing is changed by looking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Obstacle {
    /// A stable name: `prepared-transaction`, `slot`, `no-terminate`, `disk`.
    pub name: String,
    /// What was seen.
    pub what: String,
    /// What it means for a rollback and what to do.
    pub hint: String,
    /// Whether going back with the data is impossible while it is there; else it is a warning.
    pub blocks: bool,
}

/// Section by section what going back will meet. Fields are `None` where the role may not look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseReadiness {
    /// `server_version_num`.
    pub server_version: u32,
    /// The version of `pg_dump`, as a number like `server_version_num`.
    pub client_version: Option<u32>,
    /// Which cluster it is.
    pub system_identifier: Option<String>,
    /// `wal_level`.
    pub wal_level: String,
    /// Whether the log is archived.
    pub archives_log: bool,
    /// Size of the database, in bytes.
    pub bytes: u64,
    /// Free space where its data is, in bytes, where that can be found out.
    pub free_bytes: Option<u64>,
    /// The role connected as, and whether it is a superuser.
    pub role: (String, bool),
    /// Whether it may create databases.
    pub may_create: bool,
    /// Whether it owns the database.
    pub is_owner: bool,
    /// Whether it may end the sessions of others.
    pub may_terminate: bool,
    /// Logical slots on the database.
    pub slots: Vec<LogicalSlot>,
    /// Subscriptions in the database.
    pub subscriptions: Vec<String>,
    /// Physical replicas: their names and addresses.
    pub replicas: Vec<String>,
    /// Prepared transactions in the database.
    pub prepared: Vec<String>,
    /// Transactions older than 5 s, each in a sentence.
    pub long_transactions: Vec<String>,
    /// Extensions.
    pub extensions: Vec<Extension>,
    /// Tables without a primary key.
    pub without_key: Vec<ObjectName>,
    /// Unlogged tables.
    pub unlogged: Vec<ObjectName>,
    /// How many large objects there are.
    pub large_objects: u64,
    /// What all of this comes to.
    pub obstacles: Vec<Obstacle>,
}

/// A logical replication slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogicalSlot {
    /// Its name.
    pub name: String,
    /// The output plugin.
    pub plugin: String,
    /// Whether somebody reads from it now.
    pub is_active: bool,
}

/// An extension with its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}
