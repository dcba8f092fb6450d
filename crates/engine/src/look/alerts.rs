//! Alerts that are told by webhooks, as signals: 1 while one fires, 0 while it does not.

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::detect::{Measured, Sample, SignalPath};
use backout_core::hook::AlertState;
use backout_core::id::AlertName;
use futures_util::future::join_all;

use crate::world::World;

/// Time between two looks.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The alerts that a trigger looks at.
pub(super) fn alerts(world: &World) -> BTreeSet<AlertName> {
    let named = world.environment.triggers.iter().filter_map(|trigger| match &trigger.signal {
        SignalPath::Alert(name) => Some(name.clone()),
        _ => None,
    });
    named.collect()
}

/// One sample of every alert that a trigger looks at.
pub(super) async fn look_at_alerts(world: &World) -> Vec<Sample> {
    let samples = join_all(alerts(world).iter().map(|alert| sample(world, alert))).await;
    samples.iter().for_each(|sample| world.watcher.sampled(sample));
    samples
}

async fn sample(world: &World, alert: &AlertName) -> Sample {
    let state = world.store.alert(&world.environment.name, alert).await;
    let (measured, what) = match state {
        Ok(AlertState::Firing { what, .. }) => (Measured::Value { value: 1.0 }, what),
        Ok(AlertState::Quiet) => (Measured::Value { value: 0.0 }, "does not fire".to_owned()),
        Ok(AlertState::Unheard { why }) => (Measured::Unmeasurable { why: why.clone() }, why),
        Err(error) => (Measured::Unmeasurable { why: error.to_string() }, error.to_string()),
    };
    Sample { signal: SignalPath::Alert(alert.clone()), at: world.clock.now(), measured, what, of: None }
}
