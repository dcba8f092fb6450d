//! What a person says when a run begins.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tags;
use crate::policy::Severity;

/// What the person who begins a run says about it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Circumstances {
    /// How bad it is, where it was said; for a rollback also where the rules say so of the tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The tags.
    #[serde(default)]
    pub tags: Tags,
    /// When the change that is deployed was committed, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
    /// What was confirmed before a deploy, by name, with why where that was said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub confirmed: BTreeMap<String, Option<String>>,
}
