//! Surveying: the checks that say how the environment is.

use std::time::Duration;

use backout_core::config::Probe;
use backout_core::data::DatabaseFact;
use backout_core::detect::{Ailment, Measured, Sample, SignalPath, ailment, is_red};
use backout_core::inventory::{Fact, Seen};
use backout_core::policy::{Check, Verdict};

use super::collect::{observe, probe_all, probes};
use super::data::{checks, look_at_databases};
use super::led::led_checks;
use crate::world::World;

/// Time between two looks at what is settling.
const PAUSE: Duration = Duration::from_millis(200);

/// What was looked at, and what it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// What runs.
    pub facts: Vec<Fact>,
    /// How every database is.
    pub databases: Vec<DatabaseFact>,
    /// One sample of every probe.
    pub samples: Vec<Sample>,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Looks at everything once: every service by its platform, what leads to it, every database, and every required probe.
pub async fn survey(world: &World) -> Survey {
    let (facts, samples, databases) = tokio::join!(observe(world), probe_all(world), look_at_databases(world));
    let services = facts.iter().map(is_well);
    let led = led_checks(world, &facts).await;
    let signals = required(world).into_iter().map(|signal| holds(world, &signal, &samples));
    let checks = services.chain(led).chain(signals).chain(databases.iter().flat_map(checks)).collect();
    Survey { facts, databases, samples, checks }
}

/// Looks at everything, and looks again while something is still settling (a start period, a restart), for at most `within`.
pub(crate) async fn settled(world: &World, within: Duration) -> Survey {
    let deadline = world.clock.uptime() + within;
    loop {
        let survey = survey(world).await;
        let is_settling = survey.checks.iter().any(|check| check.verdict == Verdict::Inconclusive);
        if !is_settling || world.clock.uptime() >= deadline {
            return survey;
        }
        world.clock.sleep(PAUSE).await;
    }
}

/// The signals that must hold: those required, or with none required, every probe but those of what is depended on. What a platform says of its own
/// instances is left out: the checks of the services say it.
#[must_use]
pub fn required(world: &World) -> Vec<SignalPath> {
    let all = |of: fn(&Probe) -> bool| -> Vec<SignalPath> {
        let probes = probes(world).filter(|(_, probe)| of(probe));
        probes.map(|(service, probe)| SignalPath::Up(service.clone(), probe.name.clone())).collect()
    };
    let require = &world.environment.verify.require;
    if require.is_empty() {
        return all(|probe| !probe.is_dependency);
    }
    let measured = all(|_| true);
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
        (Some(Ailment::Ended(what) | Ailment::Failing(what) | Ailment::Unready(what)), _) => (Verdict::Unhealthy, what),
        (Some(Ailment::Unsettled(what)), _) => (Verdict::Inconclusive, what),
        (None, Some(running)) => (Verdict::Healthy, format!("runs {}", running.label)),
        (None, None) => match &fact.seen {
            Seen::Unknown { why } => (Verdict::Unmeasurable, why.clone()),
            _ => (Verdict::Unhealthy, "is not there".to_owned()),
        },
    };
    Check { name: format!("{} is up", fact.service), verdict, what, was_red_before: false, is_advisory: false }
}

/// The check that a signal holds, by these samples.
pub(super) fn holds(world: &World, signal: &SignalPath, samples: &[Sample]) -> Check {
    let sample = samples.iter().find(|sample| sample.signal == *signal);
    let (verdict, what) = match sample {
        None => (Verdict::Unmeasurable, "was not measured".to_owned()),
        Some(Sample { measured: Measured::Unmeasurable { why }, .. }) => (Verdict::Unmeasurable, why.clone()),
        Some(sample) if is_red(&world.environment.triggers, sample) => (Verdict::Unhealthy, sample.what.clone()),
        Some(sample) => (Verdict::Healthy, sample.what.clone()),
    };
    Check { name: signal.to_string(), verdict, what, was_red_before: false, is_advisory: false }
}
