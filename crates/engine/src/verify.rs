//! Verifying: the checks that say how the environment is, and whether it is where it should be.

use std::time::Duration;

use backout_core::detect::{Ailment, Measured, Sample, SignalPath, ailment, is_red};
use backout_core::id::ServiceName;
use backout_core::inventory::{Checkpoint, Fact};
use backout_core::policy::{Check, Verdict};

use crate::collect::{observe, probe_all};
use crate::world::World;

/// How long the checks may take to come good after the last step.
const SETTLE: Duration = Duration::from_secs(30);
/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// What was looked at, and what it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// What runs.
    pub facts: Vec<Fact>,
    /// One sample of every probe.
    pub samples: Vec<Sample>,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Looks at everything once: every service by its platform, and every required probe.
pub async fn survey(world: &World) -> Survey {
    let (facts, samples) = tokio::join!(observe(world), probe_all(world));
    let services = facts.iter().map(is_well);
    let signals = required(world).into_iter().map(|signal| holds(world, &signal, &samples));
    let checks = services.chain(signals).collect();
    Survey { facts, samples, checks }
}

/// The signals that must hold: those required, or with none required, every probe. What a platform says of its own
/// instances is left out: the checks of the services say it.
#[must_use]
pub fn required(world: &World) -> Vec<SignalPath> {
    let measured: Vec<SignalPath> = crate::collect::probes(world)
        .map(|(service, probe)| SignalPath::Up(service.clone(), probe.name.clone()))
        .collect();
    let require = &world.environment.verify.require;
    if require.is_empty() {
        return measured;
    }
    let is_of_a_probe = |signal: &SignalPath| matches!(signal, SignalPath::Up(..));
    require.iter().filter(|signal| !is_of_a_probe(signal) || measured.contains(signal)).cloned().collect()
}

/// Signals that are red in these samples.
#[must_use]
pub fn red(world: &World, samples: &[Sample]) -> Vec<SignalPath> {
    let red = samples.iter().filter(|sample| is_red(&world.environment.triggers, sample));
    red.map(|sample| sample.signal.clone()).collect()
}

fn is_well(fact: &Fact) -> Check {
    let (verdict, what) = match (ailment(None, fact), fact.running()) {
        (Some(Ailment::Ended(what) | Ailment::Failing(what)), _) => (Verdict::Unhealthy, what),
        (Some(Ailment::Unsettled(what)), _) => (Verdict::Inconclusive, what),
        (None, Some(running)) => (Verdict::Healthy, format!("runs {}", running.label)),
        (None, None) => match &fact.seen {
            backout_core::inventory::Seen::Unknown { why } => (Verdict::Unmeasurable, why.clone()),
            _ => (Verdict::Unhealthy, "is not there".to_owned()),
        },
    };
    Check { name: format!("{} is up", fact.service), verdict, what, was_red_before: false }
}

fn holds(world: &World, signal: &SignalPath, samples: &[Sample]) -> Check {
    let sample = samples.iter().find(|sample| sample.signal == *signal);
    let (verdict, what) = match sample {
        None => (Verdict::Unmeasurable, "was not measured".to_owned()),
        Some(Sample { measured: Measured::Unmeasurable { why }, .. }) => (Verdict::Unmeasurable, why.clone()),
        Some(sample) if is_red(&world.environment.triggers, sample) => (Verdict::Unhealthy, sample.what.clone()),
        Some(sample) => (Verdict::Healthy, sample.what.clone()),
    };
    Check { name: signal.to_string(), verdict, what, was_red_before: false }
}

/// Verifies a rollback: what must run, runs, and the checks hold. Tries again until they do or [`SETTLE`] is over.
pub(crate) async fn arrived(world: &World, expected: &Expected<'_>) -> Survey {
    let deadline = world.clock.now() + SETTLE;
    loop {
        let mut survey = survey(world).await;
        for check in &mut survey.checks {
            check.was_red_before = expected.red_before.contains(&check.name);
        }
        let target =
            expected.services.iter().filter_map(|service| runs_target(expected.target, service, &survey.facts));
        survey.checks.splice(0..0, target.collect::<Vec<_>>());
        let holds = !survey.checks.iter().any(|check| check.blocks() || check.verdict == Verdict::Inconclusive);
        if holds || world.clock.now() >= deadline {
            return survey;
        }
        world.clock.sleep(PAUSE).await;
    }
}

/// What a rollback must have reached.
pub(crate) struct Expected<'a> {
    /// The checkpoint; `None` where nothing was to be undone.
    pub(crate) target: Option<&'a Checkpoint>,
    /// The services that were to go back.
    pub(crate) services: Vec<ServiceName>,
    /// Names of checks that did not hold before the deploy.
    pub(crate) red_before: Vec<String>,
}

/// An exit code is not evidence: the version that runs is compared with the one recorded.
fn runs_target(target: Option<&Checkpoint>, service: &ServiceName, facts: &[Fact]) -> Option<Check> {
    let target = target?;
    let fact = facts.iter().find(|fact| fact.service == *service);
    let name = format!("{service} runs the target");
    let check = |verdict, what: String| Check { name: name.clone(), verdict, what, was_red_before: false };
    let Some(artifact) = target.artifacts.get(service) else {
        let is_gone = fact
            .is_some_and(|fact| fact.running().is_none_or(|running| running.instances.iter().all(|i| !i.is_well())));
        let verdict = if is_gone { Verdict::Healthy } else { Verdict::Unhealthy };
        return Some(check(verdict, "was not there when the checkpoint was taken".to_owned()));
    };
    let running = fact.and_then(Fact::running);
    Some(match fact.and_then(Fact::version) {
        Some(version) if *version == artifact.version => {
            check(Verdict::Healthy, format!("observed {}", artifact.label))
        }
        Some(_) => {
            let label = running.map_or_else(String::new, |running| running.label.clone());
            check(Verdict::Unhealthy, format!("observed {label}, expected {}", artifact.label))
        }
        None => check(Verdict::Unhealthy, format!("no single version was observed, expected {}", artifact.label)),
    })
}
