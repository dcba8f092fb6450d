//! What the journal says runs.

use backout_core::inventory::{Fact, Seen};
use backout_core::journal::{Body, Record};

/// What the newest of the records says of every service; nothing where a run was broken off among its steps, so that nobody
/// can say what it has reached. What could not be seen is as it was seen last.
///
/// | record                                   | what runs is                     |
/// |------------------------------------------|----------------------------------|
/// | before, after, verified                  | what was seen                    |
/// | a checkpoint                             | what it has                      |
/// | a step begins                            | not known until it was verified  |
pub(super) fn known(records: &[Record]) -> Option<Vec<Fact>> {
    let mut known: Option<Vec<Fact>> = None;
    for record in records {
        match &record.body {
            Body::BeforeSeen { facts, .. } | Body::AfterSeen { facts, .. } | Body::Verified { facts, .. } => {
                known = Some(newer(known.unwrap_or_default(), facts.clone()));
            }
            Body::CheckpointTaken { checkpoint } => {
                known = Some(newer(known.unwrap_or_default(), checkpoint.facts()));
            }
            Body::StepIntended { .. } => known = None,
            _ => {}
        }
    }
    known
}

fn newer(mut known: Vec<Fact>, seen: Vec<Fact>) -> Vec<Fact> {
    for fact in seen {
        if matches!(fact.seen, Seen::Unknown { .. }) && known.iter().any(|was| was.service == fact.service) {
            continue;
        }
        known.retain(|was| was.service != fact.service);
        known.push(fact);
    }
    known
}
