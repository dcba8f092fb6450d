//! Restore points: what a database can be taken back to, and where it is kept.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ledger, Level};
use crate::id::{BackupId, DatabaseName, Digest, RunId};
use crate::inventory::BlobRef;

/// A database as a checkpoint has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataPoint {
    /// The database.
    pub database: DatabaseName,
    /// The digest of its schema; see [`super::Schema::digest`].
    pub schema_digest: Digest,
    /// Its schema, as JSON of [`super::Schema`].
    pub schema: BlobRef,
    /// What its migration tools say was applied.
    pub ledgers: Vec<Ledger>,
    /// The restore point taken with the checkpoint, where one was.
    pub backup: Option<RestorePoint>,
}

/// What a database can be taken back to. The manifest says what must be there afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestorePoint {
    /// Its identifier.
    pub id: BackupId,
    /// The database.
    pub database: DatabaseName,
    /// The moment that it shows: when its snapshot was taken.
    pub taken_at: Timestamp,
    /// The run that took it; `None` when a person did.
    pub run: Option<RunId>,
    /// What it is made of.
    pub kind: PointKind,
    /// Where it is kept: `file:/srv/backups/`, `s3://bucket/prefix/`. No credentials.
    pub store: String,
    /// What is kept there.
    pub objects: Vec<StoredObject>,
    /// The manifest, as JSON of [`super::Manifest`]; also kept beside the objects.
    pub manifest: BlobRef,
    /// Size of the database when it was taken, in bytes.
    pub database_bytes: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The name given to the moment in the server's log (`pg_create_restore_point`), where its log is archived.
    pub restore_name: Option<String>,
    /// The highest level that it was verified at before it was recorded.
    pub verified: Option<Level>,
}

/// What a restore point is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum PointKind {
    /// `pg_dump -Fc`
    Custom {
        /// How it is packed.
        packing: Packing,
        /// How it is sealed.
        sealing: Sealing,
    },
    /// `pg_dump -Fd`, as one `tar` where it is packed or sealed.
    Directory {
        /// How it is packed.
        packing: Packing,
        /// How it is sealed.
        sealing: Sealing,
    },
    /// `pg_dump -Ft`
    Tar {
        /// How it is packed.
        packing: Packing,
        /// How it is sealed.
        sealing: Sealing,
    },
    /// SQL text.
    Plain {
        /// How it is packed.
        packing: Packing,
        /// How it is sealed.
        sealing: Sealing,
    },
    /// A moment in the server's log, reached through a physical backup.
    Physical,
}

impl PointKind {
    /// How what is stored is packed and sealed; neither for what is in no store.
    #[must_use]
    pub fn wrapping(&self) -> (Packing, Sealing) {
        match *self {
            PointKind::Custom { packing, sealing }
            | PointKind::Directory { packing, sealing }
            | PointKind::Tar { packing, sealing }
            | PointKind::Plain { packing, sealing } => (packing, sealing),
            PointKind::Physical => (Packing::None, Sealing::None),
        }
    }
}

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// Not at all, or by `pg_dump` itself.
    None,
    /// Zstandard.
    Zstd,
    /// gzip.
    Gzip,
}

/// How a stream is encrypted; it is compressed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sealing {
    /// Not at all.
    None,
    /// age, version 1.
    Age,
    /// `openssl enc -aes-256-cbc -pbkdf2`; without a checksum of its own, so the one in the journal is all there is.
    Openssl,
}

/// One object of a restore point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredObject {
    /// Its name within the store.
    pub name: String,
    /// Its size, in bytes.
    pub bytes: u64,
    /// SHA-256 of what is stored, 64 hexadecimal digits.
    pub sha256: String,
}

/// A moment to recover to from a server's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum RecoveryTarget {
    /// A named restore point.
    Name {
        /// The name.
        name: String,
    },
    /// A time.
    Time {
        /// When.
        at: Timestamp,
    },
    /// A position in the log, such as `0/3000028`.
    Lsn {
        /// The position.
        lsn: String,
    },
    /// Before that transaction.
    Xid {
        /// Its number.
        xid: u64,
    },
}
