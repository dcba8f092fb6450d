//! Preparing a plan: choosing the target, looking at what runs, making sure that the target can run, and asking the planner.

mod data;
mod notes;
mod storm;

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Fact, Graded, Version};
use backout_core::journal::{Body, Record, RunResult};
use backout_core::plan::safety::never_quiet;
use backout_core::plan::{
    Change, Estimates, Plan, Request, Situation, check, choose_target, configured_beside, difference, needed, plan,
};
use backout_core::policy::{Refusal, ask_people};
use backout_core::port::{PortError, Preflight};
use futures_util::future::join_all;
use jiff::Timestamp;
pub use notes::notes;

use crate::error::EngineError;
use crate::look::observe;
use crate::past::{checkpoints, estimates, past_rollbacks, without_drills};
use crate::world::World;

/// How long it may take to fetch what a service ran.
const FETCHED_WITHIN: Duration = Duration::from_secs(600);

/// A plan, or the reasons for which there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Prepared {
    /// A sound plan. It may still be blocked: see [`Plan::blocked_by`].
    Plan(Box<Plan>),
    /// There is nothing to plan for.
    Refused(Vec<Refusal>),
}

/// Makes a plan for a request. Nothing is changed, but for images that are fetched so that they are here.
///
/// # Errors
/// [`EngineError::Store`] where the journal cannot be read, and [`EngineError::Port`] where the planner made a plan that
/// its own linter refuses.
pub async fn prepare(
    world: &World,
    request: &Request,
    suspect: &BTreeMap<ServiceName, Version>,
) -> Result<Prepared, EngineError> {
    let records = world.store.records(&world.environment.name, &[]).await?;
    let all = checkpoints(&records);
    let chosen = choose_target(request, &world.environment.name, &all);
    let Ok(target) = chosen else { return Ok(Prepared::Refused(chosen.err().into_iter().collect())) };
    let facts = observe(world).await;
    let preflight = preflight(world, request, target, &facts).await;
    let serious = without_drills(&records);
    let past = Past { estimates: estimates(&records), ..Past::of(&serious, &target.checkpoint.id, &facts, &all) };
    let unlike = unlike(world, configured_beside(request, &target.checkpoint, &facts)).await;
    let depends_on = world.depends_on();
    let held_back = storm::limits(world, request, &serious).await?;
    let gathered = data::gather(world, request, &target.checkpoint, &records).await;
    let situation = Situation {
        environment: &world.environment.name,
        depends_on: &depends_on,
        facts: &facts,
        preflight: &preflight,
        unlike: &unlike,
        databases: &gathered.iter().map(|(name, found)| (name.clone(), found.situation())).collect(),
        caches: &world.environment.caches,
        estimates: &past.estimates,
        attempts: world.environment.policy.attempts,
        suspect,
        arrived_at: past.arrived_at.as_ref(),
        held_back: &held_back,
        target_failed: past.target_failed,
        now: world.clock.now(),
    };
    let mut plan = plan(request, target, &situation);
    plan.blocked_by.extend(loud(world, &plan).await);
    ask_people(&mut plan, &world.environment.policy.approvals);
    let faults = check::check(&plan, &depends_on);
    match faults.first() {
        None => Ok(Prepared::Plan(Box::new(plan))),
        Some(fault) => Err(PortError::new(format!("the plan is not sound: {fault}"))
            .hint("nothing was touched; this is a fault of backout: please report it")
            .into()),
    }
}

/// Every artifact that the plan will need is looked for before anything stops.
async fn preflight(
    world: &World,
    request: &Request,
    target: &Graded,
    facts: &[Fact],
) -> BTreeMap<ServiceName, Preflight> {
    let artifacts = needed(request, &target.checkpoint, facts);
    let looks = artifacts.into_iter().map(async |artifact| {
        let found = match world.platform_of(&artifact.service) {
            Some(platform) => tokio::select! {
                found = platform.preflight(artifact, world.blobs.as_ref()) => found,
                () = world.clock.sleep(FETCHED_WITHIN) => {
                    Preflight::Unknown { why: format!("it was not found out within {} s", FETCHED_WITHIN.as_secs()) }
                }
            },
            None => Preflight::Unknown { why: "no platform runs it".to_owned() },
        };
        (artifact.service.clone(), found)
    });
    join_all(looks).await.into_iter().collect()
}

/// What of the configuration that platforms keep beside services is not as some artifacts have it, or why that is not known.
async fn unlike(world: &World, artifacts: Vec<&Artifact>) -> BTreeMap<ServiceName, Result<Vec<String>, String>> {
    let looks = artifacts.into_iter().map(async |artifact| {
        let found = match world.platform_of(&artifact.service) {
            Some(platform) => platform.unlike(artifact, world.blobs.as_ref()).await.map_err(|error| error.to_string()),
            None => Err("no platform runs it".to_owned()),
        };
        (artifact.service.clone(), found)
    });
    join_all(looks).await.into_iter().collect()
}

/// Whoever would go on writing while data goes back, which is known only once there is a plan.
async fn loud(world: &World, plan: &Plan) -> Vec<Refusal> {
    let looks = plan.fenced().into_iter().map(async |service| {
        let platform = world.platform_of(&service)?;
        let error = platform.may_quiet(&service).await.err()?;
        Some(never_quiet(&service, &error))
    });
    join_all(looks).await.into_iter().flatten().collect()
}

/// What past runs say about this one.
struct Past {
    estimates: Estimates,
    arrived_at: Option<CheckpointId>,
    target_failed: Option<Timestamp>,
}

impl Past {
    fn of(records: &[Record], target: &CheckpointId, facts: &[Fact], all: &[Graded]) -> Self {
        let rollbacks = past_rollbacks(records);
        let failed = rollbacks.iter().rfind(|r| r.target == *target).filter(|r| r.result == RunResult::NotVerified);
        let target_failed = failed.map(|r| r.ended_at).filter(|at| !is_graded_since(records, target, *at));
        Self { estimates: estimates(records), arrived_at: arrived_at(records, facts, all), target_failed }
    }
}

/// Whether somebody has looked at a checkpoint anew after `at`.
fn is_graded_since(records: &[Record], target: &CheckpointId, at: Timestamp) -> bool {
    let later = records.iter().rev().take_while(|record| record.at > at);
    later.into_iter().any(|record| matches!(&record.body, Body::Graded { checkpoint, .. } if checkpoint == target))
}

/// The checkpoint that the last rollback reached, if it is what still runs and no deploy was kept since. Runs that changed
/// nothing do not count: to be refused once does not open the way.
fn arrived_at(records: &[Record], facts: &[Fact], all: &[Graded]) -> Option<CheckpointId> {
    let last = records.iter().rev().find_map(|record| match record.body {
        Body::RunEnded { result, .. } => {
            matches!(result, RunResult::Kept | RunResult::KeptUnproven | RunResult::RolledBack).then_some(result)
        }
        _ => None,
    })?;
    if last != RunResult::RolledBack {
        return None;
    }
    let target = past_rollbacks(records).into_iter().rfind(|past| past.result == RunResult::RolledBack)?.target;
    let checkpoint = &all.iter().find(|graded| graded.checkpoint.id == target)?.checkpoint;
    let differs = difference(checkpoint, facts).into_values().any(|change| matches!(change, Change::Switch(..)));
    (!differs).then_some(target)
}
