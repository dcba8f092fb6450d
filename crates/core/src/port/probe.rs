//! Probing services.

use std::time::Duration;

use jiff::Timestamp;

use super::Pending;
use crate::config::{Probe, VersionQuestion};
use crate::detect::{Measured, Said, Sample, SignalPath};
use crate::id::{ProbeName, ServiceName};

/// Performs probes of every kind.
pub trait Prober: Send + Sync {
    /// Performs one probe once, within its time limit. Never fails: what went wrong is the outcome.
    fn probe<'a>(&'a self, service: &'a ServiceName, probe: &'a Probe) -> Pending<'a, Reading>;

    /// Asks a service once which version it is, within the question's time limit. Never fails: why there is no answer is the answer.
    fn version<'a>(&'a self, service: &'a ServiceName, question: &'a VersionQuestion) -> Pending<'a, Said>;

    /// How many probes may be under way at once: each may need a connection, and there are only so many.
    fn at_once(&self) -> usize {
        usize::MAX
    }
}

/// What one probe came back with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What happened.
    pub outcome: ProbeOutcome,
    /// How long the answer took; `None` where there was none.
    pub latency: Option<Duration>,
}

/// What happened to a probe. Which of these blames the application is decided by [`ProbeOutcome::holds`], not by the
/// prober.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// An answer that is as expected.
    AsExpected {
        /// What, for a person: `200 OK`.
        what: String,
    },
    /// An answer that is not as expected.
    NotAsExpected {
        /// What, for a person: `503 Service Unavailable, expected 200`.
        what: String,
    },
    /// The connection was refused or reset: nothing serves there.
    Refused {
        /// Where.
        what: String,
    },
    /// No answer within the time limit.
    TimedOut {
        /// After how long.
        after: Duration,
    },
    /// The probe could not be performed: name not resolved, no route, secret missing, program not found, no container to
    /// run in.
    NotPerformed {
        /// Why.
        why: String,
    },
}

impl ProbeOutcome {
    /// Whether the probe holds: `Some(false)` blames the application, `None` blames nobody.
    ///
    /// | outcome         | holds |                                                            |
    /// |-----------------|-------|------------------------------------------------------------|
    /// | as expected     | yes   |                                                            |
    /// | not as expected | no    | the application answered, and wrongly                      |
    /// | refused         | no    | the host answered that nothing serves there                |
    /// | timed out       | no    | the application has the time that the configuration grants |
    /// | not performed   | none  | failing to measure is not failing                          |
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        match self {
            ProbeOutcome::AsExpected { .. } => Some(true),
            ProbeOutcome::NotAsExpected { .. } | ProbeOutcome::Refused { .. } | ProbeOutcome::TimedOut { .. } => {
                Some(false)
            }
            ProbeOutcome::NotPerformed { .. } => None,
        }
    }

    /// The outcome in words.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            ProbeOutcome::AsExpected { what } | ProbeOutcome::NotAsExpected { what } => what.clone(),
            ProbeOutcome::Refused { what } => what.clone(),
            ProbeOutcome::TimedOut { after } => format!("no answer within {} ms", after.as_millis()),
            ProbeOutcome::NotPerformed { why } => format!("could not be measured: {why}"),
        }
    }
}

impl Reading {
    /// The samples that a reading stands for: whether the probe holds, and how long the answer took.
    #[must_use]
    pub fn samples(&self, service: &ServiceName, probe: &ProbeName, at: Timestamp) -> Vec<Sample> {
        let what = self.outcome.what();
        let up = match self.outcome.holds() {
            Some(holds) => Measured::Value { value: if holds { 1.0 } else { 0.0 } },
            None => Measured::Unmeasurable { why: what.clone() },
        };
        let up = Sample { signal: SignalPath::Up(service.clone(), probe.clone()), at, measured: up, what, of: None };
        let latency = self.latency.map(|took| Sample {
            signal: SignalPath::Latency(service.clone(), probe.clone()),
            at,
            measured: Measured::Value { value: took.as_secs_f64() },
            what: format!("{} ms", took.as_millis()),
            of: None,
        });
        [Some(up), latency].into_iter().flatten().collect()
    }
}
