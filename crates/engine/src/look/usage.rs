//! What services use, where a trigger looks at it: by their platforms, from time to time.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::detect::{Resource, Sample, SignalPath, Usage, Using};
use backout_core::id::ServiceName;
use backout_core::inventory::Fact;
use futures_util::future::join_all;

use super::collect::observe_one;
use crate::world::World;

/// Time between two looks.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a platform may take to tell.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Time between the two looks that it takes to say how busy something is.
const GLANCE: Duration = Duration::from_secs(1);

/// Follows what one service uses.
pub(super) struct FollowedUse {
    service: ServiceName,
    wanted: Vec<Resource>,
    using: Using,
}

/// What triggers look at of what services use, each service once. Restarts count from these facts on.
pub(super) fn used(world: &World, before: &[Fact]) -> Vec<FollowedUse> {
    let mut wanted: BTreeMap<&ServiceName, Vec<Resource>> = BTreeMap::new();
    for trigger in &world.environment.triggers {
        if let SignalPath::Used(service, resource) = &trigger.signal {
            let known = wanted.entry(service).or_default();
            known.extend((!known.contains(resource)).then_some(*resource));
        }
    }
    let follow = |(service, wanted): (&ServiceName, _)| {
        let using = Using::since(service.clone(), before);
        FollowedUse { service: service.clone(), wanted, using }
    };
    wanted.into_iter().map(follow).collect()
}

/// One sample of what each service uses that a trigger looks at. Restarts are left out: they count from a deploy on.
pub(super) async fn look_at_use(world: &World) -> Vec<Sample> {
    let glance = async |mut followed: FollowedUse| {
        followed.wanted.retain(|resource| *resource != Resource::Restarts);
        let mut samples = followed.look(world).await;
        if followed.wanted.contains(&Resource::Cpu) {
            world.clock.sleep(GLANCE).await;
            samples = followed.look(world).await;
        }
        samples
    };
    join_all(used(world, &[]).into_iter().map(glance)).await.into_iter().flatten().collect()
}

impl FollowedUse {
    /// Looks once. How busy it is takes two looks.
    pub(super) async fn look(&mut self, world: &World) -> Vec<Sample> {
        let mut samples = Vec::new();
        if self.wanted.contains(&Resource::Restarts) {
            samples.push(self.using.restarts(&observe_one(world, &self.service).await));
        }
        if self.wanted.iter().any(|resource| *resource != Resource::Restarts) {
            let told = self.ask(world).await;
            let (at, now) = (world.clock.now(), world.clock.uptime().as_secs_f64());
            samples.extend(self.wanted.contains(&Resource::Memory).then(|| self.using.memory(at, &told)));
            let is_busy = self.wanted.contains(&Resource::Cpu);
            samples.extend(is_busy.then(|| self.using.cpu(at, now, &told)).flatten());
        }
        samples.iter().for_each(|sample| world.watcher.sampled(sample));
        samples
    }

    async fn ask(&self, world: &World) -> Result<Vec<Usage>, String> {
        let platform = world.platform_of(&self.service).ok_or("no platform runs it")?;
        tokio::select! {
            told = platform.usage(&self.service) => told.map_err(|error| {
                error.hint.map_or(error.what.clone(), |hint| format!("{} ({hint})", error.what))
            }),
            () = world.clock.sleep(ANSWERS_WITHIN) => {
                Err(format!("its platform did not answer within {} s", ANSWERS_WITHIN.as_secs()))
            }
        }
    }
}
