//! The ladder: the ways back of a database, cheapest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LossEstimate;
use crate::id::DatabaseName;

/// A way back, cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// The data stays: the old release can run on it.
    CodeOnly,
    /// What was soft-dropped is renamed back.
    SoftRestore,
    /// The migrations are undone, what they would destroy is kept.
    ReverseMigrations,
    /// Rows that were changed get their values back.
    UndoRows,
    /// Some tables come back from a restore point.
    Tables,
    /// The whole database is restored beside and swapped in.
    SideBySide,
    /// The same from a moment in the server's log.
    PointInTime,
    /// The database is dropped and restored where it stands. Only where it was asked for by name.
    InPlace,
}

impl Rung {
    /// All of them, cheapest first.
    pub const ALL: [Rung; 8] = [
        Rung::CodeOnly,
        Rung::SoftRestore,
        Rung::ReverseMigrations,
        Rung::UndoRows,
        Rung::Tables,
        Rung::SideBySide,
        Rung::PointInTime,
        Rung::InPlace,
    ];

    /// The name as it is typed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Rung::CodeOnly => "code-only",
            Rung::SoftRestore => "soft-restore",
            Rung::ReverseMigrations => "reverse-migrations",
            Rung::UndoRows => "undo-rows",
            Rung::Tables => "tables",
            Rung::SideBySide => "side-by-side",
            Rung::PointInTime => "point-in-time",
            Rung::InPlace => "in-place",
        }
    }
}

impl std::fmt::Display for Rung {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which rung a plan takes for one database, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ladder {
    /// The database.
    pub database: DatabaseName,
    /// The rung.
    pub rung: Rung,
    /// Why it is enough, in a sentence.
    pub why: String,
    /// Why each cheaper one is not.
    pub not_cheaper: Vec<RejectedRung>,
    /// How long the database will refuse or delay work, in milliseconds, where that can be said.
    pub downtime_ms: Option<u64>,
    /// What will be lost; `None` where nothing is.
    pub loss: Option<LossEstimate>,
}

/// A cheaper way back that will not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedRung {
    /// Which.
    pub rung: Rung,
    /// Why.
    pub why: String,
}
