//! A deploy that was noticed, and what was said about one.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{CheckpointId, ServiceName};

/// A deploy that nobody had told of before it was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Noticed {
    /// The names of the services and databases that are not as they were recorded.
    pub changed: Vec<String>,
    /// The checkpoint of what ran before it.
    pub former: CheckpointId,
    /// Whether it may be taken back without asking.
    pub goes_back: bool,
    /// What somebody said about it, where somebody did.
    #[serde(default)]
    pub announced: Option<Announcement>,
}

/// What somebody says about a deploy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Announcement {
    /// What is deployed.
    pub version: Option<String>,
    /// By whom.
    pub author: Option<String>,
    /// Where more is to be read.
    #[serde(default)]
    pub link: Option<String>,
    /// The services that it is for; empty where that was not said.
    #[serde(default)]
    pub services: Vec<ServiceName>,
    /// When the change was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
}

impl Noticed {
    /// What it is, in words: `app, worker`.
    #[must_use]
    pub fn words(&self) -> String {
        let version = self.announced.as_ref().and_then(|announced| announced.version.as_deref());
        let version = version.map(|version| format!(" (announced as {version})")).unwrap_or_default();
        format!("{}{version}", self.changed.join(", "))
    }
}
