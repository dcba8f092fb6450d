//! Impacts: what is the matter, as runbooks speak of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detect::{Resource, Signal, SignalPath, is_error_rate};

/// What is the matter. Some are measured; the others are said by people, with the tag `impact`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// A service does not run or does not answer. Measured.
    ServiceDown,
    /// Requests fail. Measured.
    Errors,
    /// Answers take long. Measured.
    Slow,
    /// The deploy command failed half-way. Measured.
    DeployFailed,
    /// An integrity query that held before the deploy does not hold any more, or rows are damaged. Measured.
    DataCorruption,
    /// Nothing that the deploy changed is bad, but what it depends on is. Measured.
    Dependency,
    /// Rows are lost.
    DataLoss,
    /// A weakness or a breach.
    Security,
    /// A rule of law or contract is broken.
    Compliance,
    /// Something that users cannot do without does not work.
    CriticalFunction,
    /// Some of what it does, it does no more.
    PartialLoss,
    /// Everything works, and much worse than before.
    MajorDegradation,
    /// Everything works, and a little worse than before.
    MinorDegradation,
    /// Memory, processor, disk or connections run out. Memory and processor are measured where a trigger is on them.
    Resources,
    /// A setting is wrong.
    Configuration,
    /// A migration failed, or does not fit.
    Migration,
    /// It looks wrong.
    Cosmetic,
}

impl Impact {
    /// The words of the configuration and of the tag.
    pub const WORDS: [(&'static str, Self); 17] = [
        ("service_down", Self::ServiceDown),
        ("errors", Self::Errors),
        ("slow", Self::Slow),
        ("deploy_failed", Self::DeployFailed),
        ("data_corruption", Self::DataCorruption),
        ("dependency", Self::Dependency),
        ("data_loss", Self::DataLoss),
        ("security", Self::Security),
        ("compliance", Self::Compliance),
        ("critical_function", Self::CriticalFunction),
        ("partial_loss", Self::PartialLoss),
        ("major_degradation", Self::MajorDegradation),
        ("minor_degradation", Self::MinorDegradation),
        ("resources", Self::Resources),
        ("configuration", Self::Configuration),
        ("migration", Self::Migration),
        ("cosmetic", Self::Cosmetic),
    ];

    /// What is the matter where a signal is bad.
    ///
    /// | signal                               | what is the matter |
    /// |--------------------------------------|--------------------|
    /// | `SERVICE.PROBE.up`, its `restarts`   | service down       |
    /// | `SERVICE.PROBE.latency`              | slow               |
    /// | `SERVICE.cpu`, `SERVICE.memory`      | resources          |
    /// | a signal that is the error rate      | errors             |
    /// | any other signal, an alert           |                    |
    #[must_use]
    pub fn of_signal(signal: &SignalPath) -> Option<Self> {
        match signal {
            SignalPath::Up(..) | SignalPath::Used(_, Resource::Restarts) => Some(Self::ServiceDown),
            SignalPath::Latency(..) => Some(Self::Slow),
            SignalPath::Used(_, Resource::Cpu | Resource::Memory) => Some(Self::Resources),
            SignalPath::Named(name) => is_error_rate(name.as_str()).then_some(Self::Errors),
            SignalPath::Alert(_) => None,
        }
    }

    /// What is the matter where the evidence against a deploy is of this.
    #[must_use]
    pub fn of_evidence(what: Signal) -> Self {
        match what {
            Signal::Errors => Self::Errors,
            Signal::LatencyP50 | Signal::LatencyP90 | Signal::LatencyP99 => Self::Slow,
            Signal::Probe | Signal::Restarts => Self::ServiceDown,
            Signal::Memory => Self::Resources,
        }
    }

    /// Those that no quick fix makes good: what happened until then stays.
    pub const LASTING: [Self; 3] = [Self::DataLoss, Self::DataCorruption, Self::Security];
}

impl std::fmt::Display for Impact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(Self::WORDS.iter().find(|(_, impact)| impact == self).map_or("", |(word, _)| word))
    }
}

impl std::str::FromStr for Impact {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, impact)| *impact).ok_or_else(|| {
            let words: Vec<&str> = Self::WORDS.iter().map(|(word, _)| *word).collect();
            format!("`{text}` is not an impact; the impacts are {}", words.join(", "))
        })
    }
}
