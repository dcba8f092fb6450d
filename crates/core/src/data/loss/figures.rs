//! What was written since a restore point: the estimate before a rollback, and the exact list after it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::ObjectName;

/// How rows written since a restore point are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The server's counters: operations, not rows, and after a crash nothing.
    Counters,
    /// Row versions younger than the snapshot: every surviving insert and update, no deletes.
    RowVersions,
    /// Every row of both databases compared by key: net, exact.
    Comparison,
}

/// What going back would lose, before anything is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LossEstimate {
    /// Everything written after this would go.
    pub since: Timestamp,
    /// For how long writes would be lost, in milliseconds.
    pub window_ms: u64,
    /// How much of the server's log was written meanwhile, in bytes.
    pub log_bytes: Option<u64>,
    /// Tables with writes.
    pub tables: Vec<TableEstimate>,
    /// What the method cannot see, one sentence each.
    pub limits: Vec<String>,
    /// Why nobody knows how much would be lost, where that is so: the numbers are then the least that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl LossEstimate {
    /// Rows written since, over all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(TableEstimate::rows).sum()
    }
}

/// What one table would lose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableEstimate {
    /// The table.
    pub table: ObjectName,
    /// How it was found.
    pub method: Method,
    /// Rows that were inserted or updated and are still there.
    pub written: u64,
    /// Rows deleted, as the server counts them.
    pub deleted: u64,
}

impl TableEstimate {
    /// Rows that would be lost or would come back.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.written.saturating_add(self.deleted)
    }
}

/// Exactly which rows the rollback took away, found on the frozen database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LossReport {
    /// The database that was put aside: it has every one of these rows.
    pub damaged: String,
    /// Tables with differences.
    pub tables: Vec<TableLoss>,
    /// Tables that could not be compared, each with the reason.
    pub not_compared: Vec<(ObjectName, String)>,
    /// The file that lists every row: one JSON object a line. Rows may be personal data, so only its owner can read it.
    pub file: Option<String>,
    /// How it was found.
    pub methods: Vec<Method>,
    /// What the reader has to know, one sentence each.
    pub notes: Vec<String>,
    /// How long it took to find out, in milliseconds.
    pub took_ms: u64,
}

/// What one table lost: rows by operation since the restore point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableLoss {
    /// The table.
    pub table: ObjectName,
    /// How it was found.
    pub method: Method,
    /// Rows that were inserted and are not there now.
    pub inserted: u64,
    /// Rows that were changed and are as before now.
    pub updated: u64,
    /// Rows that were deleted and are back now.
    pub deleted: u64,
}
