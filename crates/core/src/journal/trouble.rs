//! Trouble that came while nothing was deployed: whether it is over.

use std::collections::BTreeSet;

use super::{Body, Record, RunKind, RunResult};
use crate::id::RunId;

/// The kinds of records that [`open_trouble`] needs.
pub const TROUBLE_KINDS: [&str; 3] = ["run_started", "run_ended", "well_again"];

/// The newest run about something that went bad while nothing was deployed, where people were called and it is not over.
/// `records` are oldest first, of [`TROUBLE_KINDS`] at least.
///
/// | record                                                        | then            |
/// |---------------------------------------------------------------|-----------------|
/// | such a run ends held, or to be fixed forward                  | there is trouble |
/// | it is well again                                              | it is over      |
/// | any other run ends rolled back, kept, or with nothing changed | it is over      |
/// | anything else                                                 | as it was       |
#[must_use]
pub fn open_trouble(records: &[Record]) -> Option<RunId> {
    let mut about: BTreeSet<&RunId> = BTreeSet::new();
    let mut open = None;
    for record in records {
        let Some(run) = &record.run else { continue };
        match &record.body {
            Body::RunStarted(started) if started.run == RunKind::WentDown => drop(about.insert(run)),
            Body::RunEnded { result: RunResult::Held | RunResult::FixForward, .. } if about.contains(run) => {
                open = Some(run);
            }
            Body::WellAgain { .. } => open = None,
            Body::RunEnded { result: RunResult::RolledBack | RunResult::Kept | RunResult::NothingChanged, .. }
                if !about.contains(run) =>
            {
                open = None
            }
            _ => {}
        }
    }
    open.cloned()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::id::{Digest, EnvironmentName};
    use crate::journal::RunStarted;
    use crate::plan::Request;

    fn started(run: RunKind) -> Body {
        Body::RunStarted(RunStarted {
            run,
            environment: EnvironmentName::new("staging").unwrap(),
            actor: "`backout watch`".to_owned(),
            reason: None,
            request: Request::automatic(),
            agreed: None,
            circumstances: Box::default(),
            observe_ms: 0,
        })
    }

    fn ended(result: RunResult) -> Body {
        Body::RunEnded { result, summary: String::new() }
    }

    fn open(said: &[(&str, Body)]) -> Option<String> {
        let record = |(place, (run, body)): (i64, &(&str, Body))| Record {
            seq: place,
            format: 1,
            at: Timestamp::from_second(place).unwrap(),
            environment: EnvironmentName::new("staging").unwrap(),
            run: Some(RunId::new(run).unwrap()),
            body: body.clone(),
            hash: Digest::of(b""),
        };
        let records: Vec<Record> = (1..).zip(said).map(record).collect();
        open_trouble(&records).map(|run| run.to_string())
    }

    #[test]
    fn trouble_is_open_until_it_is_well_again_or_a_run_has_ended_well() {
        let down = [("run-1", started(RunKind::WentDown)), ("run-1", ended(RunResult::Held))];
        let then = |more: &[(&str, Body)]| open(&[down.as_slice(), more].concat());
        let one = Some("run-1".to_owned());
        assert_eq!(open(&[("run-1", started(RunKind::WentDown))]), None, "nobody was called yet");
        assert_eq!(then(&[]), one);
        assert_eq!(then(&[("run-1", Body::WellAgain { what: String::new() })]), None);
        let back = |result| then(&[("run-2", started(RunKind::Rollback)), ("run-2", ended(result))]);
        assert_eq!(back(RunResult::RolledBack), None);
        assert_eq!(back(RunResult::NotVerified), one);
        let observed = [("run-2", started(RunKind::WentDown)), ("run-2", ended(RunResult::NothingChanged))];
        assert_eq!(then(&observed), one, "that something else was only observed ends nothing");
        let second = [("run-2", started(RunKind::WentDown)), ("run-2", ended(RunResult::FixForward))];
        assert_eq!(then(&second), Some("run-2".to_owned()));
    }
}
