//! Secrets as the configuration names them: references, never values.
//!
//! Contract: nothing here reads a secret. A value that was written into the file all the same is kept in [`Sensitive`],
//! whose `Debug` and `Serialize` say only that it is there.

use serde::{Serialize, Serializer};

/// Where a secret is found when it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// `env:NAME`: the environment variable `NAME`.
    Env(String),
    /// `file:PATH`: the content of a file, without its last line end.
    File(String),
    /// `exec:COMMAND`, or `exec:["program", "argument"]`: what a command prints, without its last line end.
    Exec(Vec<String>),
}

/// Text that may hold a secret: it is neither printed nor serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Sensitive(String);

impl Sensitive {
    /// Keeps `text` from being shown.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one who uses it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Serialize for Sensitive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[redacted]")
    }
}

/// A value that should be a reference to a secret, and may be plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretOrText {
    /// A reference.
    Secret(SecretRef),
    /// The text itself; it may hold a secret.
    Text(Sensitive),
}
