//! Collecting: facts from every platform at once, files from the host, samples from every probe.

use std::collections::BTreeMap;

use backout_core::config::{Probe, ProbeKind};
use backout_core::detect::Sample;
use backout_core::id::{Digest, ServiceName};
use backout_core::inventory::{Fact, Seen};
use futures_util::future::join_all;

use crate::world::World;

/// What runs, for every service of the environment, sorted by name.
pub async fn observe(world: &World) -> Vec<Fact> {
    let looks = world.platforms.iter().map(|hosted| hosted.platform.observe(&hosted.services));
    let mut facts: Vec<Fact> = join_all(looks).await.into_iter().flatten().collect();
    for fact in &mut facts {
        read_files(world, fact).await;
    }
    facts.sort_by(|a, b| a.service.cmp(&b.service));
    facts
}

/// What runs of one service.
pub(crate) async fn observe_one(world: &World, service: &ServiceName) -> Fact {
    let unknown = |why: &str| Fact {
        service: service.clone(),
        observed_at: world.clock.now(),
        seen: Seen::Unknown { why: why.to_owned() },
        files: BTreeMap::new(),
    };
    let Some(platform) = world.platform_of(service) else { return unknown("no platform runs it") };
    let found = platform.observe(std::slice::from_ref(service)).await.into_iter().find(|fact| fact.service == *service);
    let mut fact = found.unwrap_or_else(|| unknown("its platform did not answer for it"));
    read_files(world, &mut fact).await;
    fact
}

/// A file that cannot be read is left out like one that is not there: the plan then names it, and writing it says why.
async fn read_files(world: &World, fact: &mut Fact) {
    let mut files: BTreeMap<String, Digest> = BTreeMap::new();
    for file in world.files_of.get(&fact.service).into_iter().flatten() {
        if let Ok(Some(content)) = world.files.read(&file.path).await {
            files.insert(file.path.clone(), world.blobs.digest(&content.bytes));
        }
    }
    fact.files = files;
}

/// The probes of the environment. Those of the platform's own health are left out: facts say the same, sooner.
pub fn probes(world: &World) -> impl Iterator<Item = (&ServiceName, &Probe)> {
    let services = world.environment.services.iter();
    services
        .flat_map(|(name, service)| service.probes.values().map(move |probe| (name, probe)))
        .filter(|(_, probe)| !matches!(probe.kind, ProbeKind::Container))
}

/// One sample of every probe, all at once.
pub async fn probe_all(world: &World) -> Vec<Sample> {
    let all = probes(world).map(|(service, probe)| probe_one(world, service, probe));
    join_all(all).await.into_iter().flatten().collect()
}

/// The samples of one probe.
pub(crate) async fn probe_one(world: &World, service: &ServiceName, probe: &Probe) -> Vec<Sample> {
    let reading = world.prober.probe(service, probe).await;
    let samples = reading.samples(service, &probe.name, world.clock.now());
    for sample in &samples {
        world.watcher.sampled(sample);
    }
    samples
}
