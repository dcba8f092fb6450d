//! Severities: how bad it is for those who use the environment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad it is. `P0` is the worst, and is less than the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// Data is lost, or everything is down.
    P0,
    /// What users need does not work.
    P1,
    /// Users notice, and can work.
    P2,
    /// Few notice.
    P3,
    /// It looks wrong.
    P4,
}

impl Severity {
    /// All of them with their words, the worst first.
    pub const WORDS: [(&'static str, Self); 5] =
        [("P0", Self::P0), ("P1", Self::P1), ("P2", Self::P2), ("P3", Self::P3), ("P4", Self::P4)];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, severity)| *severity == self).map_or("P2", |(word, _)| word)
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

impl std::str::FromStr for Severity {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        found
            .map(|(_, severity)| *severity)
            .ok_or_else(|| format!("`{text}` is not a severity; write P0, P1, P2, P3 or P4"))
    }
}
