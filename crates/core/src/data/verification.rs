//! How far a restore point was verified.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::BackupId;
use crate::policy::Check;

/// Levels of verification; each includes those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// The stored objects are there and have their checksums.
    V0,
    /// They decrypt, unpack and decode to their end.
    V1,
    /// They restore into a throwaway server of their own without an error.
    V2,
    /// What came out is equal to the manifest: rows, hashes, constraints, ledger, sequences.
    V3,
    /// Its indexes are sound (`amcheck`), its foreign keys and the integrity queries hold, no page of the server that was
    /// dumped lost its checksum, and it is fresh enough.
    V4,
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Level::V0 => "V0",
            Level::V1 => "V1",
            Level::V2 => "V2",
            Level::V3 => "V3",
            Level::V4 => "V4",
        })
    }
}

/// What verifying a restore point came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verification {
    /// The restore point.
    pub backup: BackupId,
    /// When it was verified.
    pub at: Timestamp,
    /// The level asked for.
    pub asked: Level,
    /// The highest level that holds; `None` where not even the first does.
    pub reached: Option<Level>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// How long a restore took, in milliseconds, from level V2 on: the recovery time to expect.
    pub restore_ms: Option<u64>,
}
