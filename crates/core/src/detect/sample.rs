//! Samples: what was measured of a signal, at one time.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::NEAR;
use crate::id::{AlertName, ProbeName, ServiceName, SignalName};

/// What a trigger looks at: `app.health.up`, `app.health.latency`, `app.memory`, or a signal of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum SignalPath {
    /// Whether a probe holds: a ratio, 0 or 1.
    Up(ServiceName, ProbeName),
    /// How long a probe's answer took: seconds.
    Latency(ServiceName, ProbeName),
    /// A signal from a query, or of lines that are logged: how many a second.
    Named(SignalName),
    /// How much of a resource a service uses, by its platform.
    Used(ServiceName, Resource),
    /// An alert that is told by a webhook: 1 while it fires, 0 while it does not.
    Alert(AlertName),
}

impl SignalPath {
    /// The service that it is measured of, where it is one's own.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            SignalPath::Up(service, _) | SignalPath::Latency(service, _) | SignalPath::Used(service, _) => {
                Some(service)
            }
            SignalPath::Named(_) | SignalPath::Alert(_) => None,
        }
    }
}

impl std::fmt::Display for SignalPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SignalPath::Up(service, probe) => write!(f, "{service}.{probe}.up"),
            SignalPath::Latency(service, probe) => write!(f, "{service}.{probe}.latency"),
            SignalPath::Named(name) => write!(f, "{name}"),
            SignalPath::Used(service, resource) => write!(f, "{service}.{}", resource.word()),
            SignalPath::Alert(name) => write!(f, "alerts.{name}"),
        }
    }
}

impl From<SignalPath> for String {
    fn from(path: SignalPath) -> String {
        path.to_string()
    }
}

impl TryFrom<String> for SignalPath {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for SignalPath {
    type Err = String;

    /// Reads `SERVICE.PROBE.up`, `SERVICE.PROBE.latency`, `SERVICE.cpu`, `SERVICE.memory`, `SERVICE.restarts`, `alerts.NAME`, or a
    /// signal's name. The service may have dots in its own name; probes and signals have none, so that each path is read in one
    /// way. What begins with `alerts.` and has no other dot is an alert.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.rsplitn(3, '.').collect();
        let say = |error: crate::id::InvalidName| error.to_string();
        match parts.as_slice() {
            [name, "alerts"] => AlertName::new(name).map(SignalPath::Alert).map_err(say),
            [kind, ..] if parts.len() > 1 && Resource::of(kind).is_some() => {
                let service = text.get(..text.len() - kind.len() - 1).unwrap_or_default();
                let resource = Resource::of(kind).ok_or_else(|| text.to_owned())?;
                ServiceName::new(service).map(|service| SignalPath::Used(service, resource)).map_err(say)
            }
            [name] => SignalName::new(name).map(SignalPath::Named).map_err(say),
            [kind @ ("up" | "latency"), probe, service] => {
                let service = ServiceName::new(service).map_err(say)?;
                let probe = ProbeName::new(probe).map_err(say)?;
                Ok(if *kind == "up" { SignalPath::Up(service, probe) } else { SignalPath::Latency(service, probe) })
            }
            _ => Err(format!(
                "`{text}` is not a signal; write `SERVICE.PROBE.up`, `SERVICE.PROBE.latency`, `SERVICE.memory`, `alerts.NAME` or the name of a signal"
            )),
        }
    }
}

/// What a service uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Processor time: the share of what it may use, of the busiest instance.
    Cpu,
    /// Memory: bytes, of the largest instance.
    Memory,
    /// How often its instances were started again since the watch began.
    Restarts,
}

impl Resource {
    /// The word in a path.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Resource::Cpu => "cpu",
            Resource::Memory => "memory",
            Resource::Restarts => "restarts",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Cpu, Self::Memory, Self::Restarts].into_iter().find(|resource| resource.word() == word)
    }
}

/// What a value is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share, 0 to 1.
    Ratio,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A bare number.
    Number,
}

/// The outcome of one measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Measured {
    /// A value, in the unit of its signal.
    Value {
        /// The value.
        value: f64,
    },
    /// It could not be measured: nothing may be concluded.
    Unmeasurable {
        /// Why, for a person.
        why: String,
    },
}

/// One measurement of one signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// The signal.
    pub signal: SignalPath,
    /// When.
    pub at: Timestamp,
    /// What.
    pub measured: Measured,
    /// What was seen, for a person: `503 Service Unavailable`, `connection refused`.
    pub what: String,
    /// Of how much: the limit of memory, or how many instances there are whose restarts are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<f64>,
}

impl Sample {
    /// Whether it is memory so near its limit that this alone is too much.
    pub(crate) fn is_near_limit(&self) -> bool {
        let is_memory = matches!(self.signal, SignalPath::Used(_, Resource::Memory));
        match (&self.measured, self.of) {
            (Measured::Value { value }, Some(limit)) => is_memory && *value > NEAR * limit,
            _ => false,
        }
    }
}

/// What a signal is called whose value is a share of requests that failed: `verify.error_rate_below` is about it.
pub(crate) const ERROR_RATES: [&str; 2] = ["errors", "error_rate"];

/// Whether a signal of this name is the share of requests that failed.
#[must_use]
pub fn is_error_rate(name: &str) -> bool {
    ERROR_RATES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_back_as_it_was_written() {
        let service = ServiceName::new("web-1.api_v2").unwrap();
        let probe = ProbeName::new("health").unwrap();
        let named = SignalPath::Named(SignalName::new("errors").unwrap());
        let up = SignalPath::Up(service.clone(), probe.clone());
        let alert = SignalPath::Alert(AlertName::new("high_errors").unwrap());
        let memory = SignalPath::Used(service.clone(), Resource::Memory);
        for path in [alert, memory, up, SignalPath::Latency(service, probe), named] {
            assert_eq!(path.to_string().parse(), Ok(path));
        }
    }

    #[test]
    fn what_is_no_path_says_what_one_looks_like() {
        assert_eq!("alerts.cpu".parse(), Ok(SignalPath::Alert(AlertName::new("cpu").unwrap())));
        for bad in ["app.up", "app.health.down", "app..up"] {
            assert!(bad.parse::<SignalPath>().is_err(), "{bad}");
        }
    }
}
