//! How it is proven that a way back arrived and stays: marks in logs, the observation, what people answer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::body::Body;
use crate::policy::Finding;

/// Where a file ended at some time: what is written to it later begins there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEnd {
    /// Its inode: a file that was rotated has another one.
    pub inode: u64,
    /// Its length.
    pub bytes: u64,
}

/// From where it counts what is logged after a way back, as its records say. A try that changes nothing has mended nothing
/// either: what was logged since the try before it counts on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogsSince {
    /// When the newest plan that changes something was made: since then the environment is on its way back.
    pub planned_at: Option<Timestamp>,
    /// Where log files ended once its steps were done, by their paths.
    pub files: Option<BTreeMap<String, FileEnd>>,
}

impl LogsSince {
    /// Takes the next record of the run.
    pub fn keep(&mut self, body: &Body, at: Timestamp) {
        match body {
            Body::PlanMade { plan } if self.planned_at.is_none() || plan.is_changing() => {
                *self = Self { planned_at: Some(at), files: None };
            }
            Body::LogsMarked { files } if self.files.is_none() => self.files = Some(files.clone()),
            _ => {}
        }
    }
}

/// On which side of the steps of a way back something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Around {
    /// Before the first of them.
    Before,
    /// After the last of them.
    After,
}

/// What became of observing the environment after a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// How it ended.
    pub result: ObservationResult,
    /// How long after the verification, in milliseconds.
    pub after_ms: u64,
    /// What was seen.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// How an observation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ObservationResult {
    /// Nothing new went bad until its end.
    Held,
    /// Something went bad that had been well.
    WentBad,
    /// A person ended it before.
    Left,
    /// Whoever observed was gone, and its time was over when somebody went on.
    Unseen,
}

/// What a person answers to a check that only a person can make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The check, by its name in the configuration.
    pub check: String,
    /// Whether it holds.
    pub holds: bool,
    /// Who says so.
    pub by: String,
}
