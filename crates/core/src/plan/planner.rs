//! The planner: from a request and the facts to a plan. Deterministic; equal input gives an equal plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Action, Change, Estimates, Mode, Plan, Request, Scope, Step, StepClass, Switch, SwitchOrder, WayBack,
    dependencies_first, difference, safety,
};
use crate::id::{CheckpointId, EnvironmentName, ServiceName, StepId};
use crate::inventory::{Artifact, Checkpoint, Detail, Fact, FileRef, Graded, Version, facts_digest, last_known_good};
use crate::policy::Refusal;
use crate::port::Preflight;

/// Stop time of a service that states none, in milliseconds: what Docker takes.
const STOP_GRACE_MS: u64 = 10_000;
/// Stop time in an emergency, in milliseconds.
const EMERGENCY_GRACE_MS: u64 = 1_000;
/// What a switch may take beside the stop time, in milliseconds: making and starting a container on a loaded host.
const SWITCH_LIMIT_MS: u64 = 120_000;
/// What a service may take to become healthy beside its own start period, in milliseconds.
const HEALTHY_WITHIN_MS: u64 = 60_000;
/// What collecting evidence may take, in milliseconds: it must not hold the way back up.
const EVIDENCE_LIMIT_MS: u64 = 5_000;

/// All that the planner knows.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// Which service depends on which.
    pub depends_on: &'a BTreeMap<ServiceName, Vec<ServiceName>>,
    /// What runs.
    pub facts: &'a [Fact],
    /// Whether the artifacts of the target can run; needed for those that are not what runs.
    pub preflight: &'a BTreeMap<ServiceName, Preflight>,
    /// How long steps took.
    pub estimates: &'a Estimates,
    /// How often a step may be tried.
    pub attempts: u32,
    /// The versions under suspicion; empty for a rollback that a person wants.
    pub suspect: &'a BTreeMap<ServiceName, Version>,
    /// The checkpoint that the last rollback reached, where nothing was deployed since.
    pub arrived_at: Option<&'a CheckpointId>,
    /// Automatic rollbacks within the last hour, and how many are allowed.
    pub automatic: (u32, u32),
    /// When the last rollback to this target failed its verification, if it did since it was graded.
    pub target_failed: Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
}

/// The checkpoint to go back to: the one asked for, else the last known good one.
///
/// # Errors
/// A refusal where there is none.
pub fn choose_target<'a>(
    request: &Request,
    environment: &EnvironmentName,
    checkpoints: &'a [Graded],
) -> Result<&'a Graded, Refusal> {
    let found = match &request.target {
        Some(id) => checkpoints.iter().find(|graded| graded.checkpoint.id == *id),
        None => last_known_good(checkpoints),
    };
    found.ok_or_else(|| safety::no_good_checkpoint(environment))
}

/// Makes the plan that leads from the facts to the target. What stands in the way is in [`Plan::blocked_by`].
#[must_use]
pub fn plan(request: &Request, target: &Graded, situation: &Situation<'_>) -> Plan {
    let changes = in_scope(&request.scope, &target.checkpoint, situation.facts);
    let unchanged = |change: &Change<'_>| *change == Change::None;
    let mut plan = Plan {
        environment: situation.environment.clone(),
        made_at: situation.now,
        request: request.clone(),
        target: target.checkpoint.id.clone(),
        target_taken_at: target.checkpoint.taken_at,
        facts: facts_digest(situation.facts),
        steps: Steps::new(request, situation).of(&changes),
        unchanged: changes.iter().filter(|(_, c)| unchanged(c)).map(|(s, _)| (*s).clone()).collect(),
        reasons: reasons(request, target),
        blocked_by: Vec::new(),
        overridden: Vec::new(),
    };
    let (overridden, blocked_by) = refusals(&plan, target, &changes, situation)
        .into_iter()
        .partition(|r| r.name.can_be_forced() && request.forced.contains(&r.name));
    plan.overridden = overridden;
    plan.blocked_by = blocked_by;
    plan
}

type Changes<'a> = BTreeMap<&'a ServiceName, Change<'a>>;

/// What differs, narrowed to what was asked for.
fn in_scope<'a>(scope: &Scope, target: &'a Checkpoint, facts: &'a [Fact]) -> Changes<'a> {
    difference(target, facts)
        .into_iter()
        .filter(|(service, _)| match scope {
            Scope::Stack | Scope::Config => true,
            Scope::Services { services } => services.contains(*service),
        })
        .map(|(service, change)| match scope {
            Scope::Config => (service, files_only(change, facts)),
            Scope::Stack | Scope::Services { .. } => (service, change),
        })
        .collect()
}

/// The part of a change that is about files. A service that runs the artifact's version is started again with them; one
/// that runs another version keeps running, and its files wait for its next start.
fn files_only<'a>(change: Change<'a>, facts: &[Fact]) -> Change<'a> {
    match change {
        Change::Switch(_, files) if files.is_empty() => Change::None,
        Change::Switch(artifact, files) => {
            let fact = facts.iter().find(|fact| fact.service == artifact.service);
            if fact.and_then(Fact::version) == Some(&artifact.version) {
                Change::Switch(artifact, files)
            } else {
                Change::Files(files)
            }
        }
        Change::Remove => Change::None,
        Change::None | Change::Files(_) | Change::Unknown(_) => change,
    }
}

fn reasons(request: &Request, target: &Graded) -> Vec<String> {
    let id = &target.checkpoint.id;
    let chosen = match request.target {
        Some(_) => format!("`{id}` was asked for"),
        None => format!("`{id}` is the last known good checkpoint: {}", target.why),
    };
    let scope = match &request.scope {
        Scope::Stack => "the whole environment goes back; what is as the checkpoint has it is not touched".to_owned(),
        Scope::Services { services } => format!("only {} of the services", services.len()),
        Scope::Config => "only configuration files go back".to_owned(),
    };
    let mode = match request.mode {
        Mode::Planned => "dependencies first; each service is healthy before the next",
        Mode::Emergency => "emergency: one second to stop, and services do not wait for one another",
    };
    vec![chosen, scope, mode.to_owned()]
}

fn refusals(plan: &Plan, target: &Graded, changes: &Changes<'_>, situation: &Situation<'_>) -> Vec<Refusal> {
    let is_automatic = plan.request.is_automatic;
    let mut found: Vec<Refusal> = Vec::new();
    found.extend(safety::target_does_not_fit(target, situation.environment));
    found.extend(safety::target_not_good(target));
    found.extend(changes.iter().filter_map(|(service, change)| safety::unknown_facts(service, change)));
    found.extend(changes.iter().filter_map(|(service, change)| match change {
        Change::Switch(..) => safety::target_gone(service, situation.preflight.get(*service)),
        _ => None,
    }));
    found.extend(safety::rollback_of_rollback(situation.arrived_at, &plan.target));
    found.extend(safety::suspect_not_running(situation.suspect, situation.facts));
    found.extend(safety::destination_unhealthy(&plan.target, situation.target_failed));
    found.extend(safety::approval_missing(plan));
    if is_automatic {
        found.extend(safety::too_many_automatic(situation.automatic.0, situation.automatic.1));
    }
    found
}

/// Writes the steps down, numbering them as it goes.
struct Steps<'a> {
    request: &'a Request,
    situation: &'a Situation<'a>,
    steps: Vec<Step>,
    files_done: BTreeSet<String>,
}

impl<'a> Steps<'a> {
    fn new(request: &'a Request, situation: &'a Situation<'a>) -> Self {
        Self { request, situation, steps: Vec::new(), files_done: BTreeSet::new() }
    }

    /// Evidence of everything first, because what follows destroys it; then the services in the order of their
    /// dependencies; then, in an emergency, the waiting that was put off; then, in reverse order, what was not there.
    fn of(mut self, changes: &Changes<'_>) -> Vec<Step> {
        let names: BTreeSet<ServiceName> = changes.keys().map(|service| (*service).clone()).collect();
        let order = dependencies_first(&names, self.situation.depends_on);
        let change_of = |service: &ServiceName| changes.get(service).unwrap_or(&Change::None);
        for service in &order {
            if matches!(change_of(service), Change::Switch(..) | Change::Remove) && self.is_there(service) {
                self.push(Action::KeepEvidence { service: service.clone() });
            }
        }
        let switched: Vec<&ServiceName> =
            order.iter().filter(|s| matches!(change_of(s), Change::Switch(..) | Change::Files(_))).collect();
        for (done, service) in switched.iter().enumerate() {
            self.service(service, change_of(service));
            self.gate(done + 1, switched.len());
        }
        if self.request.mode == Mode::Emergency {
            for service in switched {
                if let Change::Switch(artifact, _) = change_of(service) {
                    self.await_healthy(artifact);
                }
            }
        }
        for service in order.iter().rev().filter(|service| *change_of(service) == Change::Remove) {
            self.push(Action::Stop { service: service.clone(), grace_ms: self.grace_ms(None) });
        }
        self.steps
    }

    fn service(&mut self, service: &ServiceName, change: &Change<'_>) {
        match change {
            Change::Switch(artifact, files) => {
                let files = self.not_yet_done(files);
                let action = Action::Switch(Box::new(self.switch(artifact, files)));
                self.push(action);
                if self.request.mode == Mode::Planned {
                    self.await_healthy(artifact);
                }
            }
            Change::Files(files) => {
                let files = self.not_yet_done(files);
                if !files.is_empty() {
                    self.push(Action::RestoreFiles { service: service.clone(), files });
                }
            }
            Change::None | Change::Remove | Change::Unknown(_) => {}
        }
    }

    fn switch(&self, artifact: &Artifact, files: Vec<FileRef>) -> Switch {
        let can_start_first = match &artifact.detail {
            Detail::Compose(compose) => compose.can_start_first,
            Detail::Host(_) | Detail::Exec(_) => false,
        };
        let fact = self.fact(&artifact.service);
        let something_runs = fact.and_then(Fact::running).is_some_and(|r| r.instances.iter().any(|i| i.is_well()));
        let start_first = can_start_first && something_runs && self.request.mode == Mode::Planned;
        Switch {
            from: fact.and_then(Fact::version).cloned(),
            to: artifact.clone(),
            files,
            order: if start_first { SwitchOrder::StartFirst } else { SwitchOrder::StopFirst },
            grace_ms: self.grace_ms(Some(artifact)),
        }
    }

    /// A file that two services share goes back once, with the first of them.
    fn not_yet_done(&mut self, files: &[&FileRef]) -> Vec<FileRef> {
        files.iter().filter(|file| self.files_done.insert(file.path.clone())).map(|file| (*file).clone()).collect()
    }

    fn await_healthy(&mut self, artifact: &Artifact) {
        let start_period_ms = match &artifact.detail {
            Detail::Compose(compose) => compose.start_period_ms,
            Detail::Host(_) | Detail::Exec(_) => 0,
        };
        let within_ms = start_period_ms.saturating_add(HEALTHY_WITHIN_MS);
        self.push(Action::AwaitHealthy { service: artifact.service.clone(), within_ms });
    }

    fn gate(&mut self, done: usize, all: usize) {
        let Some(size) = self.request.batch.map(|size| size.max(1) as usize) else { return };
        if done.is_multiple_of(size) && done < all {
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            self.push(Action::Gate { batch: count(done / size), of: count(all.div_ceil(size)) });
        }
    }

    fn push(&mut self, action: Action) {
        let service = action.service().cloned();
        let (class, way_back) = class_and_way_back(&action);
        let estimate_ms = self.situation.estimates.median_ms(action.kind(), service.as_ref());
        let limit_ms = limit_ms(&action);
        let attempts = if action.is_read_only() { 1 } else { self.situation.attempts.max(1) };
        let id = StepId(u32::try_from(self.steps.len()).unwrap_or(u32::MAX).saturating_add(1));
        self.steps.push(Step { id, action, class, way_back, estimate_ms, limit_ms, attempts });
    }

    fn fact(&self, service: &ServiceName) -> Option<&'a Fact> {
        self.situation.facts.iter().find(|fact| fact.service == *service)
    }

    fn is_there(&self, service: &ServiceName) -> bool {
        self.fact(service).is_some_and(|fact| fact.running().is_some())
    }

    fn grace_ms(&self, artifact: Option<&Artifact>) -> u64 {
        match (self.request.mode, artifact.map(|artifact| &artifact.detail)) {
            (Mode::Emergency, _) => EMERGENCY_GRACE_MS,
            (Mode::Planned, Some(Detail::Compose(compose))) => compose.stop_grace_ms,
            (Mode::Planned, _) => STOP_GRACE_MS,
        }
    }
}

fn class_and_way_back(action: &Action) -> (StepClass, WayBack) {
    match action {
        Action::KeepEvidence { .. } | Action::AwaitHealthy { .. } | Action::Gate { .. } => {
            (StepClass::Reversible, WayBack::NothingToUndo)
        }
        Action::RestoreFiles { .. } => (StepClass::Reversible, WayBack::PutFilesBack),
        Action::Switch(_) | Action::Stop { .. } => (StepClass::Compensable, WayBack::SwitchBack),
    }
}

fn limit_ms(action: &Action) -> u64 {
    match action {
        Action::KeepEvidence { .. } => EVIDENCE_LIMIT_MS,
        Action::Switch(switch) => switch.grace_ms.saturating_add(SWITCH_LIMIT_MS),
        Action::Stop { grace_ms, .. } => grace_ms.saturating_add(SWITCH_LIMIT_MS),
        Action::AwaitHealthy { within_ms, .. } => *within_ms,
        Action::RestoreFiles { .. } | Action::Gate { .. } => HEALTHY_WITHIN_MS,
    }
}

/// The checkpoint's artifacts that the plan will need, for the preflight: those that are not what runs.
#[must_use]
pub fn needed<'a>(request: &Request, target: &'a Checkpoint, facts: &'a [Fact]) -> Vec<&'a Artifact> {
    in_scope(&request.scope, target, facts)
        .into_values()
        .filter_map(|change| match change {
            Change::Switch(artifact, _) => Some(artifact),
            _ => None,
        })
        .collect()
}
