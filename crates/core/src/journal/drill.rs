//! What is written about drills.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::ServiceName;

/// A rehearsal: a service is broken on purpose, and what notices and mends that is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drill {
    /// What is broken.
    pub service: ServiceName,
    /// How.
    pub how: Break,
    /// How long noticing may take, in milliseconds; everything is put back then, noticed or not.
    pub within_ms: u64,
    /// How long it may take from broken to verified, in milliseconds.
    pub objective_ms: Option<u64>,
}

/// How a service is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Break {
    /// It is to run an image that does not exist.
    Image,
    /// It is to run something that ends at once.
    Crash,
    /// Its configuration is replaced by one that it cannot run on.
    Config,
    /// By a command of the configuration, which makes it answer with errors.
    Errors,
}

impl Break {
    /// The words for it.
    pub const WORDS: [(&'static str, Self); 4] =
        [("image", Self::Image), ("crash", Self::Crash), ("config", Self::Config), ("errors", Self::Errors)];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, how)| *how == self).map_or("", |(word, _)| word)
    }

    /// Whether going back to what ran is not enough to mend it.
    #[must_use]
    pub fn needs_repair(self) -> bool {
        self == Self::Errors
    }
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}
