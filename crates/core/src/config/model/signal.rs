//! Signals that come from queries, and the servers that answer them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::config::SecretOrText;
use crate::id::SignalName;

/// A signal from a Prometheus query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromSignal {
    /// Its name.
    pub name: SignalName,
    /// The query; it gives one number.
    pub promql: String,
    /// The query that counts what `promql` goes by. There where `min_samples` is greater than 0.
    pub samples: Option<String>,
    /// With fewer samples than this, nothing is concluded; 0 unless configured.
    pub min_samples: u32,
    /// Who is asked.
    pub server: PromServer,
    /// Time between two queries; 5 seconds.
    pub every: Duration,
    /// How long one query may take; 5 seconds.
    pub timeout: Duration,
}

/// A server that answers queries as Prometheus does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromServer {
    /// Its address with the path that its API stands below, without credentials.
    pub url: String,
    /// Headers that are sent, names in lower case.
    pub headers: BTreeMap<String, SecretOrText>,
    /// Who asks, where the server wants to know it by name and password.
    pub login: Option<PromLogin>,
    /// Whether its certificate must be valid; yes unless configured.
    pub verify: bool,
    /// A file with the certificates of authorities that are trusted beside those of the system.
    pub authority: Option<String>,
}

/// A name and a password, sent as HTTP's basic authentication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromLogin {
    /// The name.
    pub user: SecretOrText,
    /// The password.
    pub password: SecretOrText,
}
