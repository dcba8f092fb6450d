//! The times of an incident.
//!
//! | time | from | to |
//! |---|---|---|
//! | to detect | the first bad sample | the verdict, or the person who opened it |
//! | to decide | detected | the decision to go back, or a person's rollback |
//! | to begin | decided | the first step |
//! | to go back | decided | verified: what objectives are about |
//! | to restore | the first bad sample | as it should be again |
//! | in all | the first bad sample | the record is complete |
//!
//! Where nothing was sampled an incident begins when it was opened. What has not happened yet has no time.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::standing::Incident;
use crate::journal::{Body, Record, RunKind};
use crate::policy::{Choice, Verdict};

/// When the turns of an incident were taken, and how long lay between them, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Moments {
    /// The deploy that went bad began to change things, or was noticed.
    pub deployed_at: Option<Timestamp>,
    /// The first bad sample, or when it was opened.
    pub began_at: Option<Timestamp>,
    /// It was known.
    pub detected_at: Option<Timestamp>,
    /// It was decided to do something about it.
    pub decided_at: Option<Timestamp>,
    /// The first step began.
    pub started_at: Option<Timestamp>,
    /// It was verified that the environment is as it should be.
    pub verified_at: Option<Timestamp>,
    /// It was as it should be again, whoever found that out.
    pub restored_at: Option<Timestamp>,
    /// Its record was complete.
    pub closed_at: Option<Timestamp>,
    /// See the table of the module.
    pub to_detect_ms: Option<i64>,
    /// See the table of the module.
    pub to_decide_ms: Option<i64>,
    /// See the table of the module.
    pub to_begin_ms: Option<i64>,
    /// See the table of the module.
    pub to_go_back_ms: Option<i64>,
    /// See the table of the module.
    pub to_restore_ms: Option<i64>,
    /// See the table of the module.
    pub in_all_ms: Option<i64>,
}

/// The times of one incident; `records` are those of its runs, oldest first.
#[must_use]
pub fn moments(incident: &Incident, records: &[Record]) -> Moments {
    let mut moments = Moments { closed_at: incident.closed_at, ..Moments::default() };
    let mut first_bad_at = None;
    let first = |slot: &mut Option<Timestamp>, at| *slot = slot.or(Some(at));
    for record in records {
        match &record.body {
            Body::DeployIntended => first(&mut moments.deployed_at, record.at),
            Body::Judged { judgement } if judgement.verdict == Verdict::Unhealthy => {
                first_bad_at = first_bad_at.or(judgement.first_bad_at);
                first(&mut moments.detected_at, record.at);
            }
            Body::Decided { decision } if decision.choice != Choice::Keep => {
                first(&mut moments.decided_at, record.at);
            }
            // It began before that, and nobody knows when.
            Body::RunStarted(started) if matches!(started.run, RunKind::Noticed(_)) => {
                first(&mut moments.deployed_at, record.at);
            }
            Body::RunStarted(started) if started.run == RunKind::Rollback => first(&mut moments.decided_at, record.at),
            Body::StepIntended { .. } => first(&mut moments.started_at, record.at),
            // A check that failed was looked at again later: the last word counts.
            Body::Verified { checks, .. } if checks.iter().all(|check| !check.blocks()) => {
                moments.verified_at = Some(record.at);
            }
            _ => {}
        }
    }
    // What a person saw first was known then.
    let opened = (!incident.is_automatic).then_some(incident.opened_at);
    moments.detected_at =
        [moments.detected_at, opened].into_iter().flatten().min().or(moments.decided_at).or(Some(incident.opened_at));
    moments.began_at = [first_bad_at, moments.detected_at].into_iter().flatten().min();
    if let (Some(restored), verified) = (incident.restored_at, moments.verified_at) {
        // The run says so a moment after it was seen.
        moments.restored_at = Some(verified.filter(|at| *at <= restored).unwrap_or(restored));
    }
    spans(&mut moments);
    moments
}

fn spans(moments: &mut Moments) {
    let between = |from: Option<Timestamp>, to: Option<Timestamp>| {
        Some(i64::try_from(to?.duration_since(from?).as_millis()).unwrap_or(i64::MAX).max(0))
    };
    moments.to_detect_ms = between(moments.began_at, moments.detected_at);
    moments.to_decide_ms = between(moments.detected_at, moments.decided_at);
    moments.to_begin_ms = between(moments.decided_at, moments.started_at);
    moments.to_go_back_ms = between(moments.decided_at, moments.restored_at.and(moments.verified_at));
    moments.to_restore_ms = between(moments.began_at, moments.restored_at);
    moments.in_all_ms = between(moments.began_at, moments.closed_at);
}
