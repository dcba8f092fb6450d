//! How what runs stands to what is recorded.

use backout_core::id::RunId;
use backout_core::inventory::{Fact, Graded, Seen, databases_after, deployed_between, has_settled};
use backout_core::journal::{Body, RunKind};

use super::known::known;
use crate::error::EngineError;
use crate::look::Survey;
use crate::past::checkpoints;
use crate::store::{RUN_KINDS, runs};
use crate::world::World;

/// The records that say it.
pub(super) const KINDS: [&str; 9] = [
    "run_started",
    "run_ended",
    "before_seen",
    "after_seen",
    "verified",
    "checkpoint_taken",
    "checkpoint_released",
    "graded",
    "step_intended",
];

/// How what runs stands to what is recorded.
///
/// | held | a run is open | deployed since the newest record | recorded  | then                                    |
/// |------|---------------|----------------------------------|-----------|-----------------------------------------|
/// | yes  |               |                                  |           | wait: what changes is theirs            |
/// | no   | yes           |                                  |           | go on with it, where it is about this   |
/// | no   | no            | yes                              | of before | it was noticed                          |
/// | no   | no            | yes                              | nothing   | record it: its way back is not there    |
/// | no   | no            | no                               | yes       | nothing                                 |
/// | no   | no            | no                               | no        | record it                               |
#[derive(Debug, PartialEq)]
pub(super) enum Standing {
    /// Somebody holds the environment.
    Held(String),
    /// A run has not ended, and nobody is at it.
    Open { run: RunId, is_ours: bool },
    /// Something cannot be seen, or is on its way.
    Unsettled(String),
    /// What runs is recorded.
    Recorded,
    /// What runs is not recorded.
    Unrecorded { why: String },
    /// Something was deployed, and what was before is recorded.
    Deployed { former: Box<Graded>, changed: Vec<String> },
}

/// Looks how a survey stands to what is recorded. `last` is what the same process has surveyed before.
pub(super) async fn standing(world: &World, survey: &Survey, last: Option<&Survey>) -> Result<Standing, EngineError> {
    let name = &world.environment.name;
    let now = world.clock.now();
    if let Some(holder) = world.store.holder(name).await?.filter(|holder| holder.until > now) {
        return Ok(Standing::Held(holder.holder));
    }
    let records = world.store.records(name, &KINDS).await?;
    let of_runs: Vec<_> = records.iter().filter(|record| RUN_KINDS.contains(&record.body.kind())).cloned().collect();
    if let Some(open) = runs(&of_runs).into_iter().rfind(|run| run.ending.is_none()) {
        let is_ours = matches!(open.kind, RunKind::Noticed(_) | RunKind::WentDown);
        return Ok(Standing::Open { run: open.id, is_ours });
    }
    if let Some(why) = unsettled(survey) {
        return Ok(Standing::Unsettled(why));
    }
    let all = checkpoints(&records);
    let known = known(&records);
    let changed = changed(known.as_deref(), survey, last);
    if changed.is_empty() {
        let why = match records.iter().any(|record| matches!(record.body, Body::CheckpointTaken { .. })) {
            true => "what runs since the last run was not recorded yet",
            false => "nothing was recorded here before",
        };
        let is_recorded = like(&all, &survey.facts, Some(survey)).is_some();
        return Ok(if is_recorded { Standing::Recorded } else { Standing::Unrecorded { why: why.to_owned() } });
    }
    Ok(match like(&all, known.as_deref().unwrap_or_default(), last) {
        Some(former) => Standing::Deployed { former: Box::new(former.clone()), changed },
        None => {
            let why = format!("{} changed, and what ran before was not recorded", changed.join(", "));
            Standing::Unrecorded { why }
        }
    })
}

fn unsettled(survey: &Survey) -> Option<String> {
    let unseen = survey.facts.iter().find_map(|fact| match &fact.seen {
        Seen::Unknown { why } => Some(format!("`{}` cannot be seen: {why}", fact.service)),
        _ => None,
    });
    unseen.or_else(|| (!has_settled(&survey.facts)).then(|| "something is on its way".to_owned()))
}

/// Names of what was deployed: services by the records, databases by what the same process has seen of them before.
fn changed(known: Option<&[Fact]>, survey: &Survey, last: Option<&Survey>) -> Vec<String> {
    let services = known.map(|known| deployed_between(known, &survey.facts)).unwrap_or_default();
    let databases = last.map(|last| schemas_changed(last, survey)).unwrap_or_default();
    services.iter().map(ToString::to_string).chain(databases).collect()
}

fn schemas_changed(last: &Survey, survey: &Survey) -> Vec<String> {
    use backout_core::data::DatabaseSeen;
    let mut changed = Vec::new();
    for fact in &survey.databases {
        let was = last.databases.iter().find(|was| was.database == fact.database);
        if let (Some(DatabaseSeen::Known(was)), DatabaseSeen::Known(now)) = (was.map(|was| &was.seen), &fact.seen)
            && (was.schema.digest() != now.schema.digest() || was.ledgers != now.ledgers)
        {
            changed.push(fact.database.to_string());
        }
    }
    changed
}

/// The newest checkpoint that is kept and has what these facts say, and the schemas that this survey has seen.
fn like<'a>(all: &'a [Graded], facts: &[Fact], survey: Option<&Survey>) -> Option<&'a Graded> {
    all.iter().rev().find(|graded| {
        let checkpoint = &graded.checkpoint;
        let databases = survey.map(|survey| databases_after(&checkpoint.databases, &survey.databases));
        graded.is_retained
            && deployed_between(&checkpoint.facts(), facts).is_empty()
            && databases.is_none_or(|after| after.changed.is_empty())
    })
}
