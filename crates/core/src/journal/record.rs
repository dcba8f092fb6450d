//! One record, and the chain that ties it to the one before.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Body;
use crate::id::{Digest, EnvironmentName, RunId};

/// The format that this version writes. A file with a higher one is read, and never written to.
pub const FORMAT: u32 = 1;

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Its place, counted from 1.
    pub seq: i64,
    /// The format of `body`.
    pub format: u32,
    /// When it was written.
    pub at: Timestamp,
    /// The environment it is about.
    pub environment: EnvironmentName,
    /// The run it belongs to, if any.
    pub run: Option<RunId>,
    /// What it says.
    pub body: Body,
    /// [`chain`] over the record before, and this one.
    pub hash: Digest,
}

/// The hash of a record: over the hash of the one before it, and every column as it is stored.
#[must_use]
pub fn chain(before: Option<&Digest>, columns: &[&str]) -> Digest {
    let mut text = before.map_or("", Digest::as_str).to_owned();
    for column in columns {
        // The length in front keeps two different lists of columns from having the same text.
        text.push_str(&format!("\n{}:", column.len()));
        text.push_str(column);
    }
    Digest::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_tells_columns_apart() {
        assert_ne!(chain(None, &["ab", "c"]), chain(None, &["a", "bc"]));
    }

    #[test]
    fn chain_depends_on_the_record_before() {
        assert_ne!(chain(None, &["a"]), chain(Some(&Digest::of(b"x")), &["a"]));
    }
}
