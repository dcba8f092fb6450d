//! Signals that stand by themselves: queries with the servers that answer them, and lines that are logged.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::config::SecretOrText;
use crate::id::{ServiceName, SignalName};

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

/// A signal that counts requests, which is compared with how it was before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CountedSignal {
    /// Its name.
    pub name: SignalName,
    /// What is counted.
    pub counters: Counters,
    /// How far back the time before a deploy is looked at; 30 minutes.
    pub history: Duration,
    /// With fewer requests than this, before or after, nothing is called healthy; 30 unless configured.
    pub min_samples: u32,
    /// Who is asked.
    pub server: PromServer,
    /// Time between two queries; 5 seconds.
    pub every: Duration,
    /// How long one query may take; 5 seconds.
    pub timeout: Duration,
}

/// A signal that counts lines that are logged: how many a second match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogSignal {
    /// Its name.
    pub name: SignalName,
    /// The services whose instances' output is read.
    pub services: Vec<ServiceName>,
    /// Files of this host, as they are written in the configuration.
    pub files: Vec<String>,
    /// Regular expressions that compile. A line that one of them matches counts.
    pub matching: Vec<String>,
    /// Over how long lines are counted; 30 seconds. Greater than 0.
    pub window: Duration,
    /// Time between two looks; 5 seconds.
    pub every: Duration,
}

/// Queries of counters: each gives one series or many, whose rises are added up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counters {
    /// Requests.
    pub requests: String,
    /// Those of them that failed.
    pub errors: String,
    /// The cumulative buckets of their latencies, with the label `le` in seconds.
    pub latency: Option<String>,
    /// Requests of the old version beside the new one, and those that failed.
    pub beside: Option<(String, String)>,
    /// Memory in use, a gauge in bytes.
    pub memory: Option<MemoryGauge>,
}

/// Memory in use, and its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemoryGauge {
    /// The query; of several series the greatest counts.
    pub promql: String,
    /// The limit, in bytes.
    pub limit: f64,
}
