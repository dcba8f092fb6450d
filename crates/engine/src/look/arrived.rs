//! Verifying a rollback: an exit code is not evidence, so each step's target is looked for once more at the end, and every
//! check is run.

use std::time::Duration;

use backout_core::inventory::{Checkpoint, Fact, FileRef, Seen};
use backout_core::plan::{Action, Step, explain, runs};
use backout_core::policy::{Check, Verdict};

use super::proof::said_again;
use super::survey::{Survey, survey};
use crate::world::World;

/// How long the checks may take to come good after the last step.
const SETTLE: Duration = Duration::from_secs(30);
/// How long a way back that stopped is looked at: it is not verified any more, and who is needed shall not wait for it.
const SETTLE_STOPPED: Duration = Duration::from_secs(2);
/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// What a rollback must have reached.
pub(crate) struct Expected<'a> {
    /// The checkpoint; `None` where nothing was to be undone.
    pub(crate) target: Option<&'a Checkpoint>,
    /// The steps whose targets must be there.
    pub(crate) steps: Vec<&'a Step>,
    /// Names of checks that failed before the deploy.
    pub(crate) red_before: Vec<String>,
    /// Whether the way back stopped before its end.
    pub(crate) is_stopped: bool,
}

/// Verifies a rollback: what must run, runs, and the checks hold. Tries again until they do or [`SETTLE`] is over.
pub(crate) async fn arrived(world: &World, expected: &Expected<'_>) -> Survey {
    let deadline = world.clock.uptime() + if expected.is_stopped { SETTLE_STOPPED } else { SETTLE };
    loop {
        let mut survey = survey(world).await;
        if let Some(target) = expected.target {
            nor_was_it_there(&mut survey, target, is_stopped);
        }
        for check in &mut survey.checks {
            check.was_red_before = expected.red_before.contains(&check.name);
        }
        let mut targets: Vec<Check> =
            expected.steps.iter().filter_map(|step| target_of(&step.action, &survey.facts)).collect();
        targets.extend(data_targets(world, &expected.steps).await);
        targets.extend(configured(world, &expected.steps).await);
        if let Some(target) = expected.target {
            targets.extend(said_again(world, target, &expected.steps).await);
        }
        survey.checks.splice(0..0, targets);
        let holds = !survey.checks.iter().any(|check| check.blocks() || check.verdict == Verdict::Inconclusive);
        if holds || world.clock.uptime() >= deadline {
            return survey;
        }
        world.clock.sleep(PAUSE).await;
    }
}

/// A service that is not there is as it should be where the checkpoint does not have it either.
pub(crate) fn nor_was_it_there(survey: &mut Survey, checkpoint: &Checkpoint, is_gone: impl Fn(&Fact) -> bool) {
    let Survey { facts, checks, .. } = survey;
    let gone = facts.iter().filter(|fact| !checkpoint.artifacts.contains_key(&fact.service) && is_gone(fact));
    for fact in gone {
        let name = format!("{} is up", fact.service);
        if let Some(check) = checks.iter_mut().find(|check| check.name == name) {
            check.verdict = Verdict::Healthy;
            check.what = format!("is not there, and is not in checkpoint `{}`", checkpoint.id);
        }
    }
}

/// Whether nothing of a service runs.
pub(crate) fn is_stopped(fact: &Fact) -> bool {
    match &fact.seen {
        Seen::Absent => true,
        Seen::Unknown { .. } => false,
        Seen::Present(running) => running.instances.iter().all(|instance| !instance.is_well()),
    }
}

/// Whether files are as they shall be.
pub(crate) fn are_back(files: &[FileRef], fact: &Fact) -> bool {
    files.iter().all(|file| fact.files.get(&file.path) == file.digest())
}

/// The checks that databases are where the steps have brought them. What cannot be looked at has not arrived.
async fn data_targets(world: &World, steps: &[&Step]) -> Vec<Check> {
    let mut checks = Vec::new();
    for step in steps {
        let Action::Data(data) = &step.action else { continue };
        let Some(database) = world.databases.get(&data.database).filter(|_| data.act.is_lasting()) else { continue };
        let (verdict, what) = match database.reached(data, world.blobs.as_ref()).await {
            Ok((true, seen)) => (Verdict::Healthy, seen),
            Ok((false, seen)) => (Verdict::Unhealthy, seen),
            Err(error) => (Verdict::Unhealthy, format!("cannot be looked at: {error}")),
        };
        let name = format!("{}: {}", data.database, explain::action(&step.action));
        checks.push(Check { name, verdict, what, was_red_before: false, is_advisory: false });
    }
    checks
}

/// The checks that configuration which platforms keep beside services is as the steps have put it back.
async fn configured(world: &World, steps: &[&Step]) -> Vec<Check> {
    let mut checks = Vec::new();
    for step in steps {
        let Action::Switch(switch) = &step.action else { continue };
        let service = &switch.to.service;
        let Some(platform) = world.platform_of(service).filter(|_| switch.only.is_some()) else { continue };
        let (verdict, what) = match platform.unlike(&switch.to, world.blobs.as_ref()).await {
            Ok(rest) if rest.is_empty() => (Verdict::Healthy, "is as the checkpoint has it".to_owned()),
            Ok(rest) => (Verdict::Unhealthy, format!("not as the checkpoint has it: {}", rest.join(", "))),
            Err(error) => (Verdict::Unhealthy, format!("cannot be looked at: {error}")),
        };
        let name = format!("{service} has its configuration back");
        checks.push(Check { name, verdict, what, was_red_before: false, is_advisory: false });
    }
    checks
}

/// The check that a service is where a step has brought it.
fn target_of(action: &Action, facts: &[Fact]) -> Option<Check> {
    let service = action.service()?;
    let fact = facts.iter().find(|fact| fact.service == *service);
    let (name, is_there, wanted) = match action {
        Action::Switch(switch) if switch.only.is_some() => return None,
        Action::Switch(switch) => (
            format!("{service} runs the target"),
            fact.is_some_and(|fact| fact.running().is_some_and(|running| runs(&switch.to, running))),
            format!("expected {}", switch.to.label),
        ),
        Action::RestoreFiles { files, .. } => (
            format!("{service} has its files back"),
            fact.is_some_and(|fact| are_back(files, fact)),
            "expected its files as the checkpoint has them".to_owned(),
        ),
        Action::Stop { .. } => (
            format!("{service} is stopped"),
            fact.is_some_and(is_stopped),
            "it was not there when the checkpoint was taken".to_owned(),
        ),
        Action::KeepEvidence { .. } | Action::AwaitHealthy { .. } | Action::Gate { .. } => return None,
        Action::Data(_) | Action::Flush { .. } => return None,
    };
    let seen = fact.map_or_else(|| format!("`{service}` was not looked at"), explain::fact);
    let (verdict, what) =
        if is_there { (Verdict::Healthy, seen) } else { (Verdict::Unhealthy, format!("{seen}; {wanted}")) };
    Some(Check { name, verdict, what, was_red_before: false, is_advisory: false })
}
