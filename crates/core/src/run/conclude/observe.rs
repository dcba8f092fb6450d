//! What follows once the environment is back and verified: observing it for a while.

use crate::journal::{Body, Observation, ObservationResult, RunResult};
use crate::run::effect::{Act, Effect};
use crate::run::state::State;

impl State {
    /// The end of a way back whose required checks hold, or the observation before it.
    ///
    /// | to be observed | observation | ends as      |
    /// |----------------|-------------|--------------|
    /// | no             |             | rolled back  |
    /// | yes            | not begun   | not yet      |
    /// | yes            | held        | rolled back  |
    /// | yes            | went bad    | not verified: a person is needed, because going further back by itself would walk away from what is known to work |
    /// | yes            | left, or not seen to its end | rolled back, and it is said that nobody looked to the end |
    ///
    /// # Errors
    /// How long it is to be observed first, in milliseconds.
    pub(super) fn observed(&self, summary: &str) -> Result<(RunResult, String), u64> {
        let for_ms = self.started.as_ref().map_or(0, |started| started.observe_ms);
        let Some(observation) = &self.observation else {
            return match for_ms {
                0 => Ok((RunResult::RolledBack, summary.to_owned())),
                for_ms => Err(for_ms),
            };
        };
        let after = seconds(observation.after_ms);
        let held = |how: String| Ok((RunResult::RolledBack, format!("{summary}{how}")));
        match observation.result {
            ObservationResult::Held => held(format!(", and held while observed for {after}")),
            ObservationResult::Left => held(format!("; not observed to the end, only for {after}")),
            ObservationResult::Unseen => held("; not observed to the end: whoever observed was gone".to_owned()),
            ObservationResult::WentBad => {
                let new = observation.findings.iter().filter(|finding| !finding.was_before);
                let what: Vec<String> = new.map(|finding| format!("{}: {}", finding.subject, finding.what)).collect();
                let what = what.join("; ");
                Ok((RunResult::NotVerified, format!("{summary}, and went bad again after {after}: {what}")))
            }
        }
    }

    /// A person's wish to stop ends the observation, and takes nothing from what was verified.
    pub(in crate::run) fn observe(&self) -> Effect {
        if !self.is_abort_requested {
            return Effect::Do(Act::Observe);
        }
        let observation = Observation { result: ObservationResult::Left, after_ms: 0, findings: Vec::new() };
        Effect::Record(Body::Observed { observation })
    }
}

fn seconds(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
