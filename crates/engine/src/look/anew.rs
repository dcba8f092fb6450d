//! Whether a service was started anew, and waiting until it is well.

use std::time::Duration;

use backout_core::detect::{Ailment, Measured, Sample, TroubleWatch, ailment};
use backout_core::id::ServiceName;
use backout_core::inventory::{Fact, Instance, Running};
use backout_core::plan::explain;

use super::collect::{observe_one, probe_service};
use crate::world::World;

/// Time between two looks while waiting for health.
const PAUSE: Duration = Duration::from_millis(50);

/// The instances that ran before something that must start them anew.
pub(crate) struct Leftover<'a> {
    pub(crate) before: &'a Fact,
    /// Whether the platform said that it has done it.
    pub(crate) believed: bool,
}

impl Leftover<'_> {
    /// Whether one of them is still there. Where a platform does not say since when an instance runs, its word counts.
    pub(crate) fn is_in(&self, now: &Running) -> bool {
        let were = self.before.running().map_or(&[][..], |running| &running.instances);
        let is_same = |now: &Instance| {
            let same = |was: &&Instance| was.id == now.id && was.since == now.since && was.restarts == now.restarts;
            were.iter().find(same).is_some_and(|was| was.since.is_some() || !self.believed)
        };
        now.instances.iter().any(is_same)
    }
}

/// Waits for every instance of a service, and then for its own probes, but for those of `red`. An instance that has ended is
/// not waited for, and neither is what the platform says will not come. Answers with what was seen, or with what is missing.
pub(crate) async fn until_well(
    world: &World,
    service: &ServiceName,
    within: Duration,
    red: &[String],
) -> Result<String, String> {
    let deadline = world.clock.uptime() + within;
    let mut trouble = TroubleWatch::default();
    loop {
        let fact = observe_one(world, service).await;
        let seen = explain::fact(&fact);
        if let Some(what) = trouble.look(&fact, world.clock.now()) {
            return Err(what);
        }
        let missing = match ailment(None, &fact) {
            Some(Ailment::Ended(what)) => return Err(what),
            Some(Ailment::Failing(what) | Ailment::Unready(what) | Ailment::Unsettled(what)) => Some(what),
            None if fact.running().is_none() => Some(seen.clone()),
            None => failing_probe(world, service, red).await,
        };
        match missing {
            None => return Ok(seen),
            Some(what) if world.clock.uptime() >= deadline => return Err(what),
            Some(_) => world.clock.sleep(PAUSE).await,
        }
    }
}

/// A probe of the service that does not hold. One of `red`, or that cannot be measured, holds nothing up.
async fn failing_probe(world: &World, service: &ServiceName, red: &[String]) -> Option<String> {
    let samples = probe_service(world, service).await;
    let is_down = |sample: &&Sample| {
        matches!(sample.measured, Measured::Value { .. })
            && backout_core::detect::is_red(&world.environment.triggers, sample)
            && !red.contains(&sample.signal.to_string())
    };
    samples.iter().find(is_down).map(|sample| format!("{}: {}", sample.signal, sample.what))
}
