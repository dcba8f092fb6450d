//! The times of a run that people ask for first.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::journal::{ActStage, Body, Record};
use crate::policy::Verdict;

/// When the turns of a run were taken, as far as it got, and how long lay between them, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Times {
    /// The deploy command ended.
    pub deployed_at: Option<Timestamp>,
    /// The first sample of those that led to an unhealthy verdict was taken.
    pub first_bad_at: Option<Timestamp>,
    /// It was decided what to do.
    pub decided_at: Option<Timestamp>,
    /// The environment was verified.
    pub verified_at: Option<Timestamp>,
    /// From the first bad sample to the decision.
    pub to_decide_ms: Option<i64>,
    /// From the decision, or the start of a rollback that a person asked for, to verified.
    pub to_go_back_ms: Option<i64>,
    /// From the first bad sample to verified.
    pub to_recover_ms: Option<i64>,
    /// From the end of the last step to verified: part of going back.
    pub verifying_ms: Option<i64>,
    /// From the decision to the end of switching something on in place of going back.
    pub to_fall_back_ms: Option<i64>,
}

/// The times of one run.
#[must_use]
pub fn times(records: &[Record]) -> Times {
    let mut times = Times::default();
    let (mut started_at, mut stepped_at, mut fell_back_at) = (None, None, None);
    for record in records {
        match &record.body {
            Body::RunStarted(_) => started_at = Some(record.at),
            Body::DeployEnded { .. } => times.deployed_at = Some(record.at),
            // What was bad for a moment and led to nothing is no turn of the run.
            Body::Judged { judgement } if judgement.verdict == Verdict::Unhealthy => {
                times.first_bad_at = judgement.first_bad_at;
            }
            Body::Decided { .. } => times.decided_at = Some(record.at),
            Body::StepEnded { .. } => stepped_at = Some(record.at),
            Body::FallbackSwitched { switching } if matches!(switching.stage, ActStage::Done { .. }) => {
                fell_back_at = Some(record.at);
            }
            Body::Verified { .. } => times.verified_at = Some(record.at),
            _ => {}
        }
    }
    let between = |from: Option<Timestamp>, to: Option<Timestamp>| {
        Some(i64::try_from(to?.duration_since(from?).as_millis()).unwrap_or(i64::MAX))
    };
    times.to_decide_ms = between(times.first_bad_at, times.decided_at);
    times.to_go_back_ms = between(times.decided_at.or(started_at), times.verified_at);
    times.to_recover_ms = between(times.first_bad_at, times.verified_at);
    times.verifying_ms = between(stepped_at, times.verified_at).filter(|ms| *ms >= 0);
    times.to_fall_back_ms = between(times.decided_at, fell_back_at).filter(|ms| *ms >= 0);
    times
}
