//! Lines about how it was proven that an environment is as it shall be.

use super::timeline::{Said, said};
use crate::detect::{Measured, Sample};
use crate::journal::{Around, Body, Observation, ObservationResult};

/// The line for a record about observing, answering and being well again, if a person wants to know of it.
pub(super) fn of_proof(body: &Body) -> Option<Said> {
    Some(match body {
        Body::ObservationStarted { for_ms } => {
            said("observing", format!("for {}; Ctrl-C ends it, and what was verified stays so", span(*for_ms)))
        }
        Body::Observed { observation } => observed(observation),
        Body::ManualAnswered { answer } => {
            let (check, by) = (&answer.check, &answer.by);
            let what = if answer.holds { "holds" } else { "DOES NOT HOLD" };
            said("answered", format!("`{check}` {what}, says {by}")).bad_if(!answer.holds)
        }
        Body::SignalsKept { around, samples } => {
            let when = match around {
                Around::Before => "before the first step",
                Around::After => "after the last step",
            };
            said("signals", when).with(samples.iter().map(sample_text).collect())
        }
        Body::WellAgain { what } => said("well again", what.clone()),
        Body::Repaired { seen } => said("repaired", seen.clone()),
        _ => return None,
    })
}

/// What one signal said.
fn sample_text(sample: &Sample) -> String {
    match &sample.measured {
        Measured::Value { .. } => format!("{}: {}", sample.signal, sample.what),
        Measured::Unmeasurable { why } => format!("{}: not measured: {why}", sample.signal),
    }
}

fn observed(observation: &Observation) -> Said {
    let after = span(observation.after_ms);
    let what = match observation.result {
        ObservationResult::Held => format!("for {after}: nothing new went bad"),
        ObservationResult::WentBad => format!("after {after}: it went bad again"),
        ObservationResult::Left => format!("not to the end: ended by a person after {after}"),
        ObservationResult::Unseen => "not to the end: whoever observed was gone".to_owned(),
    };
    let findings = observation.findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.what));
    said("observed", what).with(findings.collect()).bad_if(observation.result == ObservationResult::WentBad)
}

fn span(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
