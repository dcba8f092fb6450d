//! Probes: how the health of a service is measured.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::config::SecretOrText;
use crate::id::ProbeName;

/// One way to measure the health of a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// Its name.
    pub name: ProbeName,
    /// What is measured.
    pub kind: ProbeKind,
    /// Time between two measurements at rest; 1 second.
    pub every: Duration,
    /// How long one measurement may take; 2 seconds.
    pub timeout: Duration,
    /// How long after its start the service may fail the probe without meaning anything; `None` leaves it to the platform, and
    /// where that says nothing, nobody needs to be there for the first 10 seconds.
    pub start_period: Option<Duration>,
    /// Whether it measures something that the service depends on, and not the service: it blames nobody.
    pub is_dependency: bool,
    /// Whether it is there without having been configured.
    pub implicit: bool,
}

/// What a probe measures.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// An HTTP answer.
    Http(Box<HttpProbe>),
    /// Whether a connection is accepted.
    Tcp {
        /// `host:port`.
        address: String,
    },
    /// Whether a command exits 0.
    Exec {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Where it runs.
        place: Place,
    },
    /// Whether PostgreSQL answers a query.
    Postgres {
        /// How to connect.
        url: SecretOrText,
        /// The query; `None` for the simplest there is.
        query: Option<String>,
    },
    /// Whether Redis answers `PING`.
    Redis {
        /// How to connect.
        url: SecretOrText,
    },
    /// The container's own state and health check, from the platform's events.
    Container,
}

/// An HTTP request and what its answer must be.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct HttpProbe {
    /// An `http://` or `https://` address without credentials.
    pub url: String,
    /// The method; `GET`, or `POST` where something is sent.
    pub method: HttpMethod,
    /// What is sent.
    pub send: Option<SecretOrText>,
    /// Headers that are sent, names in lower case.
    pub headers: BTreeMap<String, SecretOrText>,
    /// Whether each request has a connection of its own.
    pub connection: Connection,
    /// The version of HTTP.
    pub protocol: Protocol,
    /// What the answer must be.
    pub expect: HttpExpect,
}

/// Over which connection a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// One of its own, as a user who comes for the first time: sees a listener that is gone behind connections that live on.
    #[default]
    New,
    /// The one of the time before, where it is still open: costs less, on both sides.
    Reuse,
}

/// Versions of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP/1.1
    #[default]
    Http1,
    /// HTTP/2: agreed upon in the TLS handshake, and with prior knowledge without TLS (RFC 9113, section 3.3)
    Http2,
}

/// Methods of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// `GET`
    #[default]
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `OPTIONS`
    Options,
}

/// What an HTTP answer must be.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct HttpExpect {
    /// The status; `2xx`.
    pub status: StatusSet,
    /// A JSON value that the body must contain: objects may have more members, everything else is equal.
    pub json: Option<serde_json::Value>,
    /// A regular expression that must match somewhere in the body. It compiles.
    pub body: Option<String>,
    /// Headers that the answer must have with exactly these values, names in lower case.
    pub header: BTreeMap<String, String>,
    /// The answer must take less than this.
    pub latency_below: Option<Duration>,
    /// What is asked of the certificate.
    pub tls: TlsExpect,
}

/// What is asked of a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TlsExpect {
    /// Whether it must be valid.
    pub verify: bool,
    /// A file of certificates in PEM that are trusted beside those of the system.
    pub authority: Option<String>,
    /// It must be valid for at least this long from now.
    pub expires_in: Option<Duration>,
}

impl Default for TlsExpect {
    fn default() -> Self {
        Self { verify: true, authority: None, expires_in: None }
    }
}

/// Status codes that are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct StatusSet(Vec<StatusRange>);

impl StatusSet {
    /// The codes in any of `ranges`; `2xx` if there are none.
    #[must_use]
    pub fn new(ranges: Vec<StatusRange>) -> Self {
        if ranges.is_empty() { Self::default() } else { Self(ranges) }
    }

    /// Whether a code is accepted.
    #[must_use]
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|range| (range.first..=range.last).contains(&code))
    }
}

impl Default for StatusSet {
    fn default() -> Self {
        Self(vec![StatusRange { first: 200, last: 299 }])
    }
}

impl std::fmt::Display for StatusSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ranges: Vec<String> = self.0.iter().map(StatusRange::to_string).collect();
        f.pad(&ranges.join(", "))
    }
}

/// Consecutive status codes: one, or a class such as `2xx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StatusRange {
    /// The first, 100 to 599.
    pub first: u16,
    /// The last, not below the first.
    pub last: u16,
}

impl std::fmt::Display for StatusRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.last - self.first {
            0 => write!(f, "{}", self.first),
            99 => write!(f, "{}xx", self.first / 100),
            _ => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// Where a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On the machine that `backout` runs on.
    #[default]
    Host,
    /// Inside the service's container.
    Container,
}
