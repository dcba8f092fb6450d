//! Databases, caches and notifications.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::config::SecretOrText;
use crate::data::{Framework, Level};
use crate::id::{DatabaseName, ServiceName};

/// A PostgreSQL database that goes with an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Its name here.
    pub name: DatabaseName,
    /// How to connect as an application would.
    pub url: SecretOrText,
    /// How to connect as a role that may create databases and end sessions; `None` where the one above may.
    pub admin: Option<SecretOrText>,
    /// The pooler that is paused while databases are swapped.
    pub pgbouncer: Option<PgBouncer>,
    /// Physical replicas, whose sessions are ended after a swap.
    pub replicas: Vec<SecretOrText>,
    /// The folder of `pg_dump` and its like; `None` finds the newest that is installed.
    pub tools: Option<String>,
    /// The services that write to it. Unless it is said: every service of the application tier, or all where none is in it.
    pub used_by: Vec<ServiceName>,
    /// Which tool changes its schema.
    pub migrations: Option<Migrations>,
    /// How it is backed up.
    pub backup: Option<Backup>,
    /// Recovery to a moment.
    pub recovery: Option<Recovery>,
    /// Queries by name, each of which answers one row with `true` first while the data is sound.
    pub integrity: BTreeMap<String, String>,
    /// How long a database that was put aside is kept; 7 days.
    pub keep_aside: Duration,
    /// Whether an automatic run may go back with the data as well.
    pub automatic: bool,
}

/// The pooler in front of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PgBouncer {
    /// How to connect to its admin console.
    pub admin: SecretOrText,
    /// What it calls the database; `None` is the database's own name.
    pub database: Option<String>,
    /// How long open transactions are waited for; 5 seconds.
    pub timeout: Duration,
}

/// The tool that changes a schema, and how it is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migrations {
    /// The tool.
    pub framework: Framework,
    /// The service whose code it is run with; `None` where plain SQL files are run by `backout` itself.
    pub service: Option<ServiceName>,
    /// Where the migrations are: inside the service's container, or on the host; `None` is where the tool has them by
    /// itself.
    pub folder: Option<String>,
    /// The command that runs the tool, without what it shall do: `[python, manage.py]`; `None` is the tool's usual one.
    pub command: Option<Vec<String>>,
    /// Migrations that are declared to leave the release before them able to run (`true`), or not (`false`).
    pub compatible: BTreeMap<String, bool>,
}

/// How a database is backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Whether a backup is made before every guarded deploy; true.
    pub before_deploy: bool,
    /// Whether one of the database as it is is made before a rollback undoes migrations or replaces rows in it; false.
    pub before_rollback: bool,
    /// How many backups are kept; 7.
    pub keep: u32,
    /// Where they are kept.
    pub store: BackupStore,
    /// How they are encrypted.
    pub encrypt: Option<BackupEncryption>,
    /// How many connections dump at once; 1 streams, more write a folder first.
    pub jobs: u32,
    /// The level that a restore point must reach before a deploy may start; V1, or V0 where this machine has no key to
    /// decrypt it with.
    pub require: Level,
    /// How old the newest restore point may be, where it counts (V4).
    pub fresh: Option<Duration>,
    /// Whether a logical slot is made with every restore point, so that every later change can be listed; false.
    pub slot: bool,
}

/// Where backups are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupStore {
    /// A folder, as written.
    Folder(String),
    /// An S3-compatible store.
    S3(Box<S3Store>),
}

/// An S3-compatible store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct S3Store {
    /// The bucket.
    pub bucket: String,
    /// What every name in it starts with; empty, or ends with `/`.
    pub prefix: String,
    /// The server's address, where it is not Amazon's.
    pub endpoint: Option<String>,
    /// The region; `us-east-1`.
    pub region: String,
    /// The key's identifier.
    pub access_key_id: Option<SecretOrText>,
    /// The key.
    pub secret_access_key: Option<SecretOrText>,
}

/// How a backup is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupEncryption {
    /// With `age`, to public keys.
    Age {
        /// At least one, each `age1...`.
        recipients: Vec<String>,
        /// The secret keys that read it again (`AGE-SECRET-KEY-1…`, as many lines as there are); needed to verify from level
        /// V1 on, and to restore.
        identity: Option<SecretOrText>,
    },
    /// As `openssl enc -aes-256-cbc -pbkdf2` does, with a passphrase.
    Openssl {
        /// The passphrase.
        passphrase: SecretOrText,
        /// Rounds of PBKDF2; 600000 when writing.
        iterations: u32,
    },
}

/// Recovery to a moment in the server's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// A folder of base backups made by `pg_basebackup`, and the folder that the log is archived to.
    Archive {
        /// Where base backups are.
        base: String,
        /// Where the log's segments are.
        log: String,
    },
    /// pgBackRest.
    PgBackRest {
        /// Its stanza.
        stanza: String,
        /// Its configuration file; `None` is its default.
        config: Option<String>,
    },
}

/// A cache that is emptied after its environment went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cache {
    /// How to connect to Redis; the path of the address is the database's number.
    pub redis: SecretOrText,
    /// What is removed.
    pub flush: Flush,
}

/// What is removed from a cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flush {
    /// Nothing.
    Nothing,
    /// Keys that match a pattern of Redis, in the database of the address.
    Pattern(String),
    /// Every key of the database of the address.
    Database,
    /// Every key of every database of the server.
    Everything,
}
