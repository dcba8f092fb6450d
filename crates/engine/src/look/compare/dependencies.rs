//! Asking what a service depends on once more, quickly, because there is an alarm.

use std::time::Duration;

use backout_core::config::Probe;
use backout_core::detect::SignalPath;
use backout_core::id::ServiceName;
use futures_util::future::join_all;

use super::super::collect::probes;
use crate::world::World;

/// How long all of it may take.
const WITHIN: Duration = Duration::from_secs(2);

/// Asks the probes of these signals so often, for two seconds at most. Answers with what failed, in words: one failure
/// of many shows an outage of a part.
pub(crate) async fn ask(world: &World, times: u32, dependencies: impl Fn(&SignalPath) -> bool) -> Vec<String> {
    let asked = probes(world).filter_map(|(service, probe)| {
        let signal = SignalPath::Up(service.clone(), probe.name.clone());
        dependencies(&signal).then_some((service, probe, signal))
    });
    let each = asked.map(async |(service, probe, signal)| {
        let failure = first_failure(world, times, (service, probe)).await?;
        Some(format!("{signal}: {failure}"))
    });
    join_all(each).await.into_iter().flatten().collect()
}

async fn first_failure(world: &World, times: u32, (service, probe): (&ServiceName, &Probe)) -> Option<String> {
    let mut has_answered = false;
    let tries = async {
        for _ in 0..times {
            let reading = world.prober.probe(service, probe).await;
            has_answered = true;
            if reading.outcome.holds() == Some(false) {
                return Some(reading.outcome.what());
            }
            world.clock.sleep(WITHIN / (times + 1)).await;
        }
        None
    };
    let found = tokio::select! {
        found = tries => Some(found),
        () = world.clock.sleep(WITHIN) => None,
    };
    found.unwrap_or_else(|| (!has_answered).then(|| format!("no answer within {} s", WITHIN.as_secs())))
}
