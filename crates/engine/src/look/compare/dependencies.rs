//! Asking what a service depends on once more, quickly, because there is an alarm, or a limit was passed.

use std::time::Duration;

use backout_core::config::Probe;
use backout_core::detect::{News, SignalPath};
use backout_core::id::ServiceName;
use futures_util::future::join_all;

use super::super::collect::probes;
use crate::world::World;

/// How long all of it may take.
const WITHIN: Duration = Duration::from_secs(2);

/// Asks the probes of these signals so often, for two seconds at most. Answers with what failed: one failure of many shows an
/// outage of a part.
pub(crate) async fn ask(world: &World, times: u32, dependencies: impl Fn(&SignalPath) -> bool) -> News {
    let asked = probes(world).filter_map(|(service, probe)| {
        let signal = SignalPath::Up(service.clone(), probe.name.clone());
        dependencies(&signal).then_some((service, probe, signal))
    });
    let each = asked.map(async |(service, probe, signal)| {
        let failure = first_failure(world, times, (service, probe)).await?;
        Some((format!("{signal}: {failure}"), signal))
    });
    let (failures, down) = join_all(each).await.into_iter().flatten().unzip();
    News::Asked { at: world.clock.now(), failures, down }
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
