//! Collecting: facts from every platform at once, files from the host, samples from every probe.

use std::collections::BTreeMap;
use std::time::Duration;

use backout_core::config::{Probe, ProbeKind};
use backout_core::detect::Sample;
use backout_core::id::{Digest, ServiceName};
use backout_core::inventory::{Fact, Seen};
use futures_util::future::join_all;

use super::probing::{Probed, Target, probe_once, targets};
use crate::world::{Hosted, World};

/// How long a platform may take to say what runs. What it did not say by then is unknown: a daemon that hangs must not keep
/// anybody from judging by what can be measured.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// What runs, for every service of the environment, sorted by name.
pub async fn observe(world: &World) -> Vec<Fact> {
    let looks = world.platforms.iter().map(|hosted| observe_some(world, hosted, &hosted.services));
    let mut facts: Vec<Fact> = join_all(looks).await.into_iter().flatten().collect();
    facts.sort_by(|a, b| a.service.cmp(&b.service));
    facts
}

/// What runs of one service.
pub(crate) async fn observe_one(world: &World, service: &ServiceName) -> Fact {
    let Some(hosted) = world.platforms.iter().find(|hosted| hosted.services.contains(service)) else {
        return unknown(world, service, "no platform runs it".to_owned());
    };
    let mut facts = observe_some(world, hosted, std::slice::from_ref(service)).await;
    facts.pop().unwrap_or_else(|| unknown(world, service, "its platform did not answer for it".to_owned()))
}

/// What runs of these services of one platform: one fact for each, in their order.
pub(crate) async fn observe_some(world: &World, hosted: &Hosted, services: &[ServiceName]) -> Vec<Fact> {
    let (mut found, why) = tokio::select! {
        found = hosted.platform.observe(services) => (found, "its platform did not answer for it".to_owned()),
        () = world.clock.sleep(ANSWERS_WITHIN) => {
            (Vec::new(), format!("its platform did not answer within {} s", ANSWERS_WITHIN.as_secs()))
        }
    };
    let mut facts = Vec::new();
    for service in services {
        let place = found.iter().position(|fact| fact.service == *service);
        let mut fact = place.map_or_else(|| unknown(world, service, why.clone()), |place| found.swap_remove(place));
        read_files(world, &mut fact).await;
        facts.push(fact);
    }
    facts
}

fn unknown(world: &World, service: &ServiceName, why: String) -> Fact {
    Fact {
        service: service.clone(),
        observed_at: world.clock.now(),
        seen: Seen::Unknown { why },
        files: BTreeMap::new(),
    }
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

/// The samples of every probe, each performed once.
pub async fn probe_all(world: &World) -> Vec<Sample> {
    let probed = probe_once(world, targets(world)).await;
    probed.iter().flat_map(|probed| samples(world, probed)).collect()
}

/// The samples of every probe of one service, each performed once.
pub(crate) async fn probe_service(world: &World, service: &ServiceName) -> Vec<Sample> {
    let of_it = targets(world).into_iter().filter(|target| target.service == *service).collect();
    probe_once(world, of_it).await.iter().flat_map(|probed| samples(world, probed)).collect()
}

/// The samples that a reading stands for, told to whoever looks on.
pub(crate) fn samples(world: &World, probed: &Probed) -> Vec<Sample> {
    let Target { service, probe } = &*probed.target;
    let samples = probed.reading.samples(service, &probe.name, world.clock.now());
    for sample in &samples {
        world.watcher.sampled(sample);
    }
    samples
}
