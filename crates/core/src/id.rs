//! Names and identifiers: newtypes whose constructors are the only way in.
//!
//! Contract: a value of one of these types is always valid, so nobody downstream checks again. Names come from the
//! configuration; identifiers are minted from a time and a salt that the caller passes in.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest accepted name, in bytes: the limit of a DNS label, which most platforms share.
const NAME_LIMIT: usize = 63;

/// A name that cannot be used, with what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a valid {what}: {why}; use letters, digits, {punctuation}, starting with a letter or a digit")]
pub struct InvalidName {
    /// What the name was meant for.
    pub what: &'static str,
    /// The name as given.
    pub name: String,
    /// What is wrong with it.
    pub why: &'static str,
    /// The punctuation that is allowed, in words.
    pub punctuation: &'static str,
}

/// Whether a name may have a dot. Dots separate the parts of a signal's path, `SERVICE.PROBE.up`: only its first part may
/// have dots of its own, or a path could be read in two ways.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dots {
    Allowed,
    Separate,
}

fn check(what: &'static str, dots: Dots, name: &str) -> Result<(), InvalidName> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > NAME_LIMIT {
        "it is longer than 63 bytes"
    } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        "it does not start with a letter or a digit"
    } else if dots == Dots::Separate && name.contains('.') {
        "it has a dot, which separates the parts of a signal"
    } else if name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        return Ok(());
    } else {
        "it has a character that is not allowed"
    };
    let punctuation = if dots == Dots::Allowed { "`-`, `_` and `.`" } else { "`-` and `_`" };
    Err(InvalidName { what, name: name.to_owned(), why, punctuation })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $dots:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Accepts a name.
            ///
            /// # Errors
            /// [`InvalidName`] where it is empty, too long, or has a character outside `[A-Za-z0-9._-]`; probes and signals
            /// may have no dot.
            pub fn new(name: &str) -> Result<Self, InvalidName> {
                check($what, $dots, name).map(|()| Self(name.to_owned()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;
            fn try_from(name: String) -> Result<Self, InvalidName> {
                check($what, $dots, &name).map(|()| Self(name))
            }
        }

        impl std::str::FromStr for $type {
            type Err = InvalidName;
            fn from_str(name: &str) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name!(
    /// A named place that is deployed to: `staging`, `production`.
    EnvironmentName, "environment name", Dots::Allowed
);
name!(
    /// The unit that is deployed and rolled back.
    ServiceName, "service name", Dots::Allowed
);
name!(
    /// A probe of one service.
    ProbeName, "probe name", Dots::Separate
);
name!(
    /// A signal that stands by itself: a query.
    SignalName, "signal name", Dots::Separate
);
name!(
    /// An alert that is told by a webhook.
    AlertName, "alert name", Dots::Separate
);
name!(
    /// A rule that turns a signal into a firing.
    TriggerName, "trigger name", Dots::Allowed
);
name!(
    /// One checkpoint: `cp-20261121-031502-9f3a2c`. Sorts by time.
    CheckpointId, "checkpoint id", Dots::Allowed
);
name!(
    /// One run: `run-20261121-031502-9f3a2c`. Sorts by time.
    RunId, "run id", Dots::Allowed
);

name!(
    /// One incident: `inc-20261121-031502-9f3a2c`. Sorts by time.
    IncidentId, "incident id", Dots::Allowed
);
name!(
    /// An item of a checklist: `backups`.
    ItemName, "name of a checklist item", Dots::Separate
);
name!(
    /// Someone who is told: a channel, a pager, a status page.
    NotifierName, "notifier name", Dots::Allowed
);
name!(
    /// A database that goes with an environment.
    DatabaseName, "database name", Dots::Separate
);
name!(
    /// One restore point of a database: `bk-20261121-031502-9f3a2c`. Sorts by time.
    BackupId, "backup id", Dots::Allowed
);

fn stamp(prefix: &str, now: Timestamp, salt: u32) -> String {
    format!("{prefix}-{}-{:06x}", now.strftime("%Y%m%d-%H%M%S"), salt & 0x00ff_ffff)
}

fn suffix(id: &str, prefix: &str) -> String {
    let bare = id.strip_prefix(prefix).unwrap_or(id);
    bare.replace(|c: char| !c.is_ascii_alphanumeric(), "_").to_lowercase()
}

impl CheckpointId {
    /// Makes the identifier of a checkpoint taken at `now`; `salt` keeps two of one second apart.
    #[must_use]
    pub fn mint(now: Timestamp, salt: u32) -> Self {
        Self(stamp("cp", now, salt))
    }
}

impl BackupId {
    /// Makes the identifier of a backup begun at `now`; `salt` keeps two of one second apart.
    #[must_use]
    pub fn mint(now: Timestamp, salt: u32) -> Self {
        Self(stamp("bk", now, salt))
    }

    /// The identifier's time and salt alone, with underscores: a suffix for names of databases and schemas.
    #[must_use]
    pub fn suffix(&self) -> String {
        suffix(&self.0, "bk-")
    }
}

impl IncidentId {
    /// Makes the identifier of an incident that a person opens at `now`; `salt` keeps two of one second apart.
    #[must_use]
    pub fn mint(now: Timestamp, salt: u32) -> Self {
        Self(stamp("inc", now, salt))
    }

    /// The identifier of the incident that a run opens: whoever looks at the run computes the same.
    #[must_use]
    pub fn of_run(run: &RunId) -> Self {
        Self(format!("inc-{}", run.0.strip_prefix("run-").unwrap_or(&run.0)))
    }
}

impl RunId {
    /// Makes the identifier of a run started at `now`; `salt` keeps two of one second apart.
    #[must_use]
    pub fn mint(now: Timestamp, salt: u32) -> Self {
        Self(stamp("run", now, salt))
    }

    /// The identifier's time and salt alone, with underscores: a suffix for names of databases and schemas.
    #[must_use]
    pub fn suffix(&self) -> String {
        suffix(&self.0, "run-")
    }
}

/// The number of a step within its plan, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number that grows with every change of a lease's holder; a writer with an old one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct FencingToken(pub i64);

/// A content digest: `blake3:` followed by 64 hexadecimal digits, or `keyed:` where the content may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: `blake3:` or `keyed:`, then 64 hexadecimal digits")]
pub struct InvalidDigest(pub String);

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    /// A digest as it was written. Blobs are files named by their digest, so nothing else may pass for one.
    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        let hex = text.strip_prefix("blake3:").or_else(|| text.strip_prefix("keyed:"));
        let is_valid = hex.is_some_and(|hex| {
            hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        });
        if is_valid { Ok(Self(text)) } else { Err(InvalidDigest(text)) }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl Digest {
    /// The digest of content that holds no secret.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(format!("blake3:{}", blake3::hash(content).to_hex()))
    }

    /// The keyed digest of content that may hold a secret: equal content compares equal, and nothing can be guessed
    /// from it without the key.
    #[must_use]
    pub fn keyed(key: &[u8; 32], content: &[u8]) -> Self {
        Self(format!("keyed:{}", blake3::keyed_hash(key, content).to_hex()))
    }

    /// The digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        let hex = self.0.split_once(':').map_or(self.0.as_str(), |(_, hex)| hex);
        hex.get(..12).unwrap_or(hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_refuse_what_could_be_read_as_an_option_or_a_path() {
        for bad in ["", "-rf", "../x", "a b", "é", &"x".repeat(64)] {
            assert!(ServiceName::new(bad).is_err(), "{bad}");
        }
        assert!(ServiceName::new("web-1.api_v2").is_ok());
    }

    #[test]
    fn probes_and_signals_have_no_dots_of_their_own() {
        let error = ProbeName::new("v1.health").unwrap_err().to_string();
        assert!(error.contains("it has a dot") && error.contains("use letters, digits, `-` and `_`,"), "{error}");
        assert!(SignalName::new("a.b.up").is_err());
        assert!(TriggerName::new("a.b").is_ok());
    }

    #[test]
    fn only_digests_are_read_as_digests() {
        for digest in [Digest::of(b"x"), Digest::keyed(&[1; 32], b"x")] {
            assert_eq!(Digest::try_from(digest.as_str().to_owned()), Ok(digest));
        }
        for bad in ["", "blake3:", "blake3:../../etc/passwd", &format!("sha256:{}", "0".repeat(64)), &"0".repeat(64)] {
            assert!(serde_json::from_value::<Digest>(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn identifiers_sort_by_time() {
        let early = RunId::mint(Timestamp::from_second(1_000).unwrap(), 9);
        let late = RunId::mint(Timestamp::from_second(2_000).unwrap(), 1);
        assert!(early < late);
    }

    #[test]
    fn keyed_digest_depends_on_the_key() {
        assert_ne!(Digest::keyed(&[1; 32], b"x"), Digest::keyed(&[2; 32], b"x"));
    }
}
