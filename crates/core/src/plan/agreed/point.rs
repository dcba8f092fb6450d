//! One thing that a plan was made from, or says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Digest;

/// One thing that a plan was made from, or says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// In words, for people. Equal words may mean different things.
    pub words: String,
    /// Equal where it means the same.
    pub digest: Digest,
}

impl Point {
    /// A point of that meaning.
    pub(super) fn new(words: impl Into<String>, meaning: &impl Serialize) -> Self {
        let meaning = serde_json::to_string(meaning).unwrap_or_default();
        Self { words: words.into(), digest: Digest::of(meaning.as_bytes()) }
    }
}
