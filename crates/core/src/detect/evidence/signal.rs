//! Signals: what evidence can come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What evidence can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Requests that fail.
    Errors,
    /// Requests slower than half of them were.
    LatencyP50,
    /// Requests slower than nine of ten were.
    LatencyP90,
    /// Requests slower than 99 of 100 were.
    LatencyP99,
    /// A probe that answers yes or no.
    Probe,
    /// Restarts.
    Restarts,
    /// Memory in use.
    Memory,
}

impl Signal {
    /// The share of requests that were within the latency that a signal is about.
    pub(crate) fn quantile(self) -> Option<f64> {
        match self {
            Signal::LatencyP50 => Some(0.5),
            Signal::LatencyP90 => Some(0.9),
            Signal::LatencyP99 => Some(0.99),
            Signal::Errors | Signal::Probe | Signal::Restarts | Signal::Memory => None,
        }
    }

    /// The share of the budget for false alarms that a signal has, relative to the others that are measured.
    pub(crate) fn weight(self) -> f64 {
        match self {
            Signal::Errors => 0.25,
            Signal::LatencyP50 | Signal::LatencyP90 | Signal::LatencyP99 => 0.10,
            Signal::Probe => 0.30,
            Signal::Restarts => 0.15,
            // A rule of its own, outside of the budget: it needs minutes of a steady rise.
            Signal::Memory => 0.0,
        }
    }
}

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Signal::Errors => "errors",
            Signal::LatencyP50 => "latency p50",
            Signal::LatencyP90 => "latency p90",
            Signal::LatencyP99 => "latency p99",
            Signal::Probe => "probe",
            Signal::Restarts => "restarts",
            Signal::Memory => "memory",
        })
    }
}
