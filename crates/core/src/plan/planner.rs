//! The planner: from a request and the facts to a plan. Deterministic; equal input gives an equal plan.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::agreed::seen;
use super::data::{Course, DataSituation, digest};
use super::steps::{Steps, fences};
use super::{Change, Estimates, Mode, Plan, Request, Scope, difference, safety};
use crate::config::Cache;
use crate::id::{CheckpointId, DatabaseName, EnvironmentName, ServiceName};
use crate::inventory::{Artifact, Checkpoint, Fact, Graded, Seen, Version, facts_digest, last_known_good};
use crate::policy::{Refusal, RefusalName};
use crate::port::Preflight;

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
    /// Configuration that platforms keep beside services: what of it is not as the target has it, in words, or why that could
    /// not be seen. Needed where only configuration goes back (see [`configured_beside`]).
    pub unlike: &'a BTreeMap<ServiceName, Result<Vec<String>, String>>,
    /// Databases that the environment has.
    pub databases: &'a BTreeMap<DatabaseName, DataSituation<'a>>,
    /// Caches that the environment has.
    pub caches: &'a BTreeMap<String, Cache>,
    /// How long steps took.
    pub estimates: &'a Estimates,
    /// How often a step may be tried.
    pub attempts: u32,
    /// The versions under suspicion; empty for a rollback that a person wants.
    pub suspect: &'a BTreeMap<ServiceName, Version>,
    /// The checkpoint that the last rollback reached, where nothing was deployed since.
    pub arrived_at: Option<&'a CheckpointId>,
    /// What the limits of automatic runs say (see [`crate::policy::storm::held_back`]).
    pub held_back: &'a [Refusal],
    /// When the last rollback to this target failed its verification, if it did since it was graded.
    pub target_failed: Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
}

/// The checkpoint to go back to: the one asked for, else the last known good one. Where only data goes back, and to
/// something that the wish names itself, any checkpoint will do for the plan to stand on: the newest, where none is good.
///
/// # Errors
/// A refusal where there is none.
pub fn choose_target<'a>(
    request: &Request,
    environment: &EnvironmentName,
    checkpoints: &'a [Graded],
) -> Result<&'a Graded, Refusal> {
    if let Some(id) = &request.target {
        let named = checkpoints.iter().find(|graded| graded.checkpoint.id == *id);
        return named.ok_or_else(|| safety::no_such_checkpoint(id, environment));
    }
    let of_here = checkpoints.iter().filter(|graded| graded.checkpoint.environment == *environment);
    let newest = || {
        let of_here = checkpoints.iter().filter(|graded| graded.checkpoint.environment == *environment);
        of_here.max_by_key(|graded| &graded.checkpoint.id).filter(|_| needs_no_checkpoint(request))
    };
    last_known_good(of_here).or_else(newest).ok_or_else(|| safety::no_good_checkpoint(environment))
}

/// Whether only data goes back, to something that is in no checkpoint.
fn needs_no_checkpoint(request: &Request) -> bool {
    let wish = &request.data;
    request.scope == Scope::Data && (wish.backup.is_some() || wish.moment.is_some() || wish.undoes_swap)
}

/// Makes the plan that leads from the facts to the target. What stands in the way is in [`Plan::blocked_by`].
#[must_use]
pub fn plan(request: &Request, target: &Graded, situation: &Situation<'_>) -> Plan {
    let changes = in_scope(&request.scope, &target.checkpoint, situation.facts, Some(situation.unlike));
    let unchanged = |change: &Change<'_>| *change == Change::None;
    let course = Course::of(request, &target.checkpoint, situation, &fences(&changes, request.mode));
    let databases = || situation.databases.iter().map(|(name, database)| (name, database.now));
    let mut plan = Plan {
        environment: situation.environment.clone(),
        made_at: situation.now,
        request: request.clone(),
        target: target.checkpoint.id.clone(),
        target_taken_at: target.checkpoint.taken_at,
        target_said: target.checkpoint.said.clone(),
        facts: facts_digest(situation.facts),
        data_facts: (!situation.databases.is_empty()).then(|| digest(databases())),
        made_from: seen(&request.scope, situation.facts, databases()),
        suffix: situation.databases.values().next().map(|database| database.suffix.to_owned()).unwrap_or_default(),
        steps: Steps::new(request, situation).of(&changes, &course),
        data: course.ladders,
        unchanged: changes.iter().filter(|(_, c)| unchanged(c)).map(|(s, _)| (*s).clone()).collect(),
        reasons: reasons(request, target).into_iter().chain(course.reasons).collect(),
        blocked_by: Vec::new(),
        overridden: Vec::new(),
        approvals: None,
    };
    let (overridden, blocked_by) = refusals(&plan, target, &changes, situation, course.refusals)
        .into_iter()
        .partition(|r| r.name.can_be_forced() && request.forced.contains(&r.name));
    plan.overridden = overridden;
    plan.blocked_by = blocked_by;
    plan
}

/// What has to happen to each service that was asked about.
pub(super) type Changes<'a> = BTreeMap<&'a ServiceName, Change<'a>>;

/// What differs, narrowed to what was asked for.
fn in_scope<'a>(
    scope: &Scope,
    target: &'a Checkpoint,
    facts: &'a [Fact],
    unlike: Option<&'a BTreeMap<ServiceName, Result<Vec<String>, String>>>,
) -> Changes<'a> {
    difference(target, facts)
        .into_iter()
        .filter(|(service, _)| match scope {
            Scope::Stack | Scope::Config => true,
            Scope::Services { services } => services.contains(*service),
            Scope::Data => false,
        })
        .map(|(service, change)| match scope {
            Scope::Config => (service, files_only(change, facts, unlike.and_then(|unlike| unlike.get(service)))),
            Scope::Stack | Scope::Services { .. } | Scope::Data => (service, change),
        })
        .collect()
}

/// The part of a change that is about configuration. A service that runs the artifact's version is started again where it
/// reads one of the files itself; one that runs another version keeps running, and its files wait for its next start. What a
/// platform keeps beside a service goes back under whatever version runs, and the platform starts it again.
fn files_only<'a>(change: Change<'a>, facts: &[Fact], unlike: Option<&'a Result<Vec<String>, String>>) -> Change<'a> {
    match (change, unlike) {
        (Change::Switch(..), Some(Err(why))) => Change::Unknown(why),
        (Change::Switch(artifact, files), Some(Ok(what))) if !what.is_empty() => {
            Change::Configuration(artifact, files, what)
        }
        (change, _) => files_of(change, facts),
    }
}

fn files_of<'a>(change: Change<'a>, facts: &[Fact]) -> Change<'a> {
    match change {
        Change::Switch(_, files) if files.is_empty() => Change::None,
        Change::Switch(artifact, files) => {
            let fact = facts.iter().find(|fact| fact.service == artifact.service);
            let must_restart = files.iter().any(|file| file.needs_restart);
            if must_restart && fact.and_then(Fact::version) == Some(&artifact.version) {
                Change::Switch(artifact, files)
            } else {
                Change::Files(files)
            }
        }
        Change::Remove => Change::None,
        Change::None | Change::Files(_) | Change::Configuration(..) | Change::Unknown(_) => change,
    }
}

fn reasons(request: &Request, target: &Graded) -> Vec<String> {
    let id = &target.checkpoint.id;
    let chosen = match request.target {
        Some(_) if !request.named.is_empty() => request.named.clone(),
        Some(_) => vec![format!("`{id}` was asked for")],
        None => vec![format!("`{id}` is the last known good checkpoint: {}", target.why)],
    };
    let scope = match &request.scope {
        Scope::Stack => "the whole environment goes back; what is as the checkpoint has it is not touched".to_owned(),
        Scope::Services { services } => format!("only {} of the services", services.len()),
        Scope::Config => "only configuration goes back; what is executed stays".to_owned(),
        Scope::Data => "only data goes back; no service is touched".to_owned(),
    };
    let mode = match request.mode {
        Mode::Planned => "dependencies first; each service is healthy before the next",
        Mode::Emergency => "emergency: one second to stop, and services do not wait for one another",
    };
    chosen.into_iter().chain([scope, mode.to_owned()]).collect()
}

fn refusals(
    plan: &Plan,
    target: &Graded,
    changes: &Changes<'_>,
    situation: &Situation<'_>,
    of_data: Vec<Refusal>,
) -> Vec<Refusal> {
    let is_automatic = plan.request.is_automatic;
    let mut found: Vec<Refusal> = Vec::new();
    if !needs_no_checkpoint(&plan.request) {
        found.extend(safety::target_does_not_fit(target, situation.environment));
        found.extend(safety::target_not_good(target));
        found.extend(safety::rollback_of_rollback(situation.arrived_at, &plan.target));
        found.extend(safety::destination_unhealthy(&plan.target, situation.target_failed));
    }
    found.extend(strangers(plan, target, situation.facts));
    found.extend(changes.iter().filter_map(|(service, change)| safety::unknown_facts(service, change)));
    let switched = || changes.iter().filter(|(_, change)| matches!(change, Change::Switch(..)));
    found.extend(switched().filter_map(|(name, _)| safety::target_gone(name, situation.preflight.get(*name))));
    found.extend(
        switched()
            .filter_map(|(name, _)| safety::operation_in_progress(name, situation.facts, is_automatic, situation.now)),
    );
    found.extend(safety::suspect_not_running(situation.suspect, situation.facts));
    found.extend(safety::approval_missing(plan));
    if is_automatic {
        found.extend(situation.held_back.iter().cloned());
    }
    let is_undecided = !of_data.is_empty();
    found.extend(of_data);
    // Where something could not be seen, or is not in the target at all, nobody knows whether the target is what runs.
    let is_unknown =
        |refusal: &Refusal| matches!(refusal.name, RefusalName::UnknownFacts | RefusalName::TargetDoesNotFit);
    if plan.steps.is_empty() && !is_undecided && !found.iter().any(is_unknown) {
        // Nothing else can stand in the way of doing nothing. A run that nobody asked for still has to say how the
        // environment is, so it goes on to verify.
        let whole = difference(&target.checkpoint, situation.facts).into_values();
        let whole = whole.filter(|_| plan.request.scope == Scope::Config);
        let refused: Vec<Refusal> = whole.filter_map(|change| safety::goes_back_whole(&change)).collect();
        if !refused.is_empty() {
            return refused;
        }
        return safety::target_is_what_runs(plan).filter(|_| !is_automatic).into_iter().collect();
    }
    found
}

/// Services that would have to go back, and of which the target knows nothing: neither what they ran nor that they were
/// absent.
fn strangers(plan: &Plan, target: &Graded, facts: &[Fact]) -> Vec<Refusal> {
    let services: Vec<&ServiceName> = match &plan.request.scope {
        Scope::Stack => facts.iter().filter(|fact| fact.seen != Seen::Absent).map(|fact| &fact.service).collect(),
        Scope::Services { services } => services.iter().collect(),
        Scope::Config | Scope::Data => Vec::new(),
    };
    services.into_iter().filter_map(|service| safety::service_not_in_target(service, &target.checkpoint)).collect()
}

/// The checkpoint's artifacts of which the planner must be told what of the configuration that their platforms keep beside
/// them is not as it was: those that are not what runs, where only configuration goes back.
#[must_use]
pub fn configured_beside<'a>(request: &Request, target: &'a Checkpoint, facts: &'a [Fact]) -> Vec<&'a Artifact> {
    let is_there =
        |artifact: &Artifact| facts.iter().any(|fact| fact.service == artifact.service && fact.running().is_some());
    let changes = difference(target, facts).into_values();
    let artifacts = changes.filter_map(|change| match change {
        Change::Switch(artifact, _) if artifact.detail.has_configuration() && is_there(artifact) => Some(artifact),
        _ => None,
    });
    artifacts.filter(|_| request.scope == Scope::Config).collect()
}

/// The checkpoint's artifacts that the plan will need, for the preflight: those that are not what runs.
#[must_use]
pub fn needed<'a>(request: &Request, target: &'a Checkpoint, facts: &'a [Fact]) -> Vec<&'a Artifact> {
    in_scope(&request.scope, target, facts, None)
        .into_values()
        .filter_map(|change| match change {
            Change::Switch(artifact, _) => Some(artifact),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Digest;
    use crate::inventory::{BlobRef, Detail, KubernetesArtifact};

    fn workload() -> Artifact {
        let detail = KubernetesArtifact {
            workload: "deployment/web".to_owned(),
            namespace: "shop".to_owned(),
            revision: "web-1".to_owned(),
            number: None,
            images: BTreeMap::new(),
            template: BlobRef { digest: Digest::of(b""), bytes: 0 },
            configuration: Vec::new(),
            is_autoscaled: false,
            stop_grace_ms: 0,
            rollout_ms: 0,
        };
        let version = Version { code: "web:1".to_owned(), spec: String::new() };
        let service = ServiceName::new("web").unwrap();
        let (label, files) = (String::new(), Vec::new());
        Artifact { service, version, label, replicas: 2, files, detail: Detail::Kubernetes(detail) }
    }

    #[test]
    fn configuration_beside_a_service_goes_back_alone_where_it_is_not_as_it_was() {
        let (artifact, what) = (workload(), vec!["ConfigMap `web`".to_owned()]);
        let of = |unlike: Option<&Result<Vec<String>, String>>| match files_only(
            Change::Switch(&artifact, Vec::new()),
            &[],
            unlike,
        ) {
            Change::None => "none".to_owned(),
            Change::Configuration(_, _, what) => what.join(", "),
            Change::Unknown(why) => format!("unknown: {why}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(of(Some(&Ok(what))), "ConfigMap `web`");
        assert_eq!(of(Some(&Ok(Vec::new()))), "none", "only its images are others");
        assert_eq!(of(Some(&Err("it is away".to_owned()))), "unknown: it is away");
        assert_eq!(of(None), "none");
    }
}
