//! Asking what a service depends on once more, quickly, because there is an alarm, a limit was passed, or an instance's own health
//! check does not hold.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::config::Probe;
use backout_core::detect::{Comparing, News, SignalPath, is_down};
use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, changed_between};
use futures_util::future::{join, join_all};

use super::super::collect::{observe, observe_one, probes};
use crate::world::World;

/// How long all of it may take.
const WITHIN: Duration = Duration::from_secs(2);

/// What is asked: probes, and how platforms see services.
#[derive(Debug, Clone)]
pub(crate) struct Depended {
    probes: BTreeSet<SignalPath>,
    containers: BTreeSet<SignalPath>,
}

impl Depended {
    /// Those that a watch goes by.
    pub(crate) fn of(comparing: &Comparing) -> Self {
        Self { probes: comparing.dependencies.clone(), containers: comparing.containers.clone() }
    }

    /// Whether there are none.
    pub(crate) fn are_none(&self) -> bool {
        self.probes.is_empty() && self.containers.is_empty()
    }
}

/// What a deploy command may have broken, and what explains what is seen while it runs: the services that are not as they were
/// before it count as its own.
pub(crate) async fn changed_until_now(world: &World, before: &[Fact]) -> Vec<ServiceName> {
    changed_between(before, &observe(world).await)
}

/// What is down of that which a service depends on, where it did not fail before the deploy, and nothing of the deploy is: asked
/// because an instance of the service does not get ready while the deploy command runs.
pub(crate) async fn reasons(
    world: &World,
    service: &ServiceName,
    (before, red_before): (&[Fact], &BTreeSet<SignalPath>),
) -> Vec<SignalPath> {
    let mut changed = changed_until_now(world, before).await;
    changed.push(service.clone());
    let environment = &world.environment;
    let (probes, containers) = (environment.dependencies(&changed), environment.depended_containers(&changed));
    let was_down = |signal: &SignalPath| {
        let before = before.iter().find(|fact| Some(&fact.service) == signal.service());
        red_before.contains(signal) || (containers.contains(signal) && before.is_some_and(|fact| is_down(None, fact)))
    };
    let asked = Depended { probes, containers: containers.clone() };
    let News::Asked { down, .. } = ask(world, 1, &asked).await else { return Vec::new() };
    let down: Vec<SignalPath> = down.into_iter().filter(|signal| !was_down(signal)).collect();
    environment.reasons(&changed, &down).into_iter().cloned().collect()
}

/// Asks the probes of these signals so often, for two seconds at most, and the platforms once. Answers with what failed: one failure
/// of many shows an outage of a part. What could not be seen by its platform has not failed.
pub(crate) async fn ask(world: &World, times: u32, depended: &Depended) -> News {
    let asked = probes(world).filter_map(|(service, probe)| {
        let signal = SignalPath::Up(service.clone(), probe.name.clone());
        depended.probes.contains(&signal).then_some((service, probe, signal))
    });
    let each = asked.map(async |(service, probe, signal)| {
        let failure = first_failure(world, times, (service, probe)).await?;
        Some((format!("{signal}: {failure}"), signal))
    });
    let seen = depended.containers.iter().map(async |signal| {
        let what = seen_down(world, signal.service()?).await?;
        Some((format!("{signal}: {what}"), signal.clone()))
    });
    let (probed, seen) = join(join_all(each), join_all(seen)).await;
    let (failures, down) = probed.into_iter().chain(seen).flatten().unzip();
    News::Asked { at: world.clock.now(), failures, down }
}

/// What is the matter with a service that its platform sees down.
async fn seen_down(world: &World, service: &ServiceName) -> Option<String> {
    let fact = tokio::select! {
        fact = observe_one(world, service) => fact,
        () = world.clock.sleep(WITHIN) => return None,
    };
    is_down(None, &fact).then(|| "its platform sees no instance that is well".to_owned())
}

async fn first_failure(world: &World, times: u32, (service, probe): (&ServiceName, &Probe)) -> Option<String> {
    let mut has_answered = false;
    let tries = async {
        for question in 0..times {
            if question > 0 {
                world.clock.sleep(WITHIN / (times + 1)).await;
            }
            let reading = world.prober.probe(service, probe).await;
            has_answered = true;
            if reading.outcome.holds() == Some(false) {
                return Some(reading.outcome.what());
            }
        }
        None
    };
    let found = tokio::select! {
        found = tries => Some(found),
        () = world.clock.sleep(WITHIN) => None,
    };
    found.unwrap_or_else(|| (!has_answered).then(|| format!("no answer within {} s", WITHIN.as_secs())))
}
