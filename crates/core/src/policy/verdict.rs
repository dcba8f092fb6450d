//! Verdicts: four-valued, each with its evidence.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Impact;
use crate::detect::{Signal, SignalPath};
use crate::id::{ServiceName, TriggerName};

/// What the signals say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that can be measured holds.
    Healthy,
    /// A trigger with the action `rollback` fired on something that was not red before.
    Unhealthy,
    /// Too few samples, or only what was red before.
    Inconclusive,
    /// What is required could not be measured.
    Unmeasurable,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Verdict::Healthy => "healthy",
            Verdict::Unhealthy => "unhealthy",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Unmeasurable => "unmeasurable",
        })
    }
}

/// A verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// When it was reached.
    pub at: Timestamp,
    /// When the first bad sample that led to it was taken.
    pub first_bad_at: Option<Timestamp>,
    /// What speaks for it.
    pub findings: Vec<Finding>,
    /// Whether the trigger that fired asks for a person in place of a rollback.
    #[serde(default)]
    pub wants_person: bool,
    /// The trigger that fired, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired: Option<Box<Fired>>,
    /// The instance's own health check that does not hold, where it was that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_check: Option<Box<OwnCheck>>,
}

impl Judgement {
    /// A verdict with no evidence yet.
    #[must_use]
    pub fn plain(verdict: Verdict, at: Timestamp) -> Self {
        let findings = Vec::new();
        Self { verdict, at, first_bad_at: None, findings, wants_person: false, fired: None, own_check: None }
    }

    /// Whether a limit was passed, or an instance's own health check does not hold, and nothing that the service depends on is
    /// known to have failed beside it: somebody should ask, because what fails at the same time is not always seen at the same
    /// time.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        let is_compared = self.fired.as_ref().is_some_and(|fired| fired.worse.is_some());
        let down = match (&self.fired, &self.own_check) {
            (Some(fired), _) => Some(&fired.dependencies_down),
            (None, own) => own.as_ref().map(|own| &own.dependencies_down),
        };
        !is_compared && down.is_some_and(Vec::is_empty)
    }

    /// What failed beside it and may be the reason for it.
    ///
    /// | what led to the verdict                                          | may have such a reason |
    /// |------------------------------------------------------------------|------------------------|
    /// | a trigger that says `data_loss`, `data_corruption` or `security` | no                     |
    /// | another trigger                                                  | yes                    |
    /// | an instance's own health check                                   | yes                    |
    /// | anything else: a crash, a broken integrity query                 | no                     |
    #[must_use]
    pub fn down_beside(&self) -> &[SignalPath] {
        match (&self.fired, &self.own_check) {
            (Some(fired), _) if fired.impact.is_some_and(|said| Impact::LASTING.contains(&said)) => &[],
            (Some(fired), _) => &fired.dependencies_down,
            (None, Some(own)) => &own.dependencies_down,
            (None, None) => &[],
        }
    }

    pub(crate) fn dependencies_down_mut(&mut self) -> Option<&mut Vec<SignalPath>> {
        match (&mut self.fired, &mut self.own_check) {
            (Some(fired), _) => Some(&mut fired.dependencies_down),
            (None, own) => own.as_mut().map(|own| &mut own.dependencies_down),
        }
    }
}

/// An instance's own health check that does not hold: a Compose health check, the probes of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnCheck {
    /// The service whose instance it is.
    pub service: ServiceName,
    /// What the service depends on that failed beside it, and did not before the deploy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies_down: Vec<SignalPath>,
}

/// A trigger that fired, with the sample that made it fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fired {
    /// Which.
    pub trigger: TriggerName,
    /// What it looks at.
    pub signal: SignalPath,
    /// The last bad sample, in the signal's unit: seconds, or a share from 0 to 1. With [`Fired::worse`] the evidence.
    pub value: f64,
    /// How many samples in a row were bad; 0 with [`Fired::worse`].
    pub times: u32,
    /// What is the matter, where the trigger says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// What a comparison with before came to; `None` of a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worse: Option<Worse>,
    /// Of a limit: what the service depends on that failed beside it, and did not before the deploy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies_down: Vec<SignalPath>,
}

/// How it got worse than it was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worse {
    /// What the evidence is of, most of all.
    pub what: Signal,
    /// The share of requests that failed of late, from 0 to 1, where requests are counted.
    pub error_rate: Option<f64>,
    /// How much longer answers take than before: 0.5 is half as long again. Where slowness is among the evidence.
    pub latency_rise: Option<f64>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The signal, trigger or instance it is about.
    pub subject: String,
    /// What was seen, in a sentence.
    pub what: String,
    /// Whether it was so before the deploy.
    #[serde(default)]
    pub was_before: bool,
}

/// One check of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What is checked: `app runs the target`, `app.health.up`.
    pub name: String,
    /// The outcome: `Healthy` holds, `Unhealthy` does not, the other two were not decided.
    pub verdict: Verdict,
    /// What was seen.
    pub what: String,
    /// Whether the check failed before the deploy already; such a check blocks nothing.
    #[serde(default)]
    pub was_red_before: bool,
    /// Whether the check is told and stands in the way of nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_advisory: bool,
}

impl Check {
    /// Whether the check stands in the way of calling the environment verified. Failing to measure is not failing.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.verdict == Verdict::Unhealthy && !self.was_red_before && !self.is_advisory
    }
}
