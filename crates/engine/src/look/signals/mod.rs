//! Signals that stand by themselves. Of those from queries: who is asked for what, how often, and what it came to.
//!
//! Contract: all signals of one server that are due at the same times are asked for in one round, over one connection, and
//! the next round begins when this one is over: a slow server is asked less often, never more than once at a time. Rounds
//! are moved by a random part of their interval, so that many machines do not ask at the same moment.

mod snapshot;

use std::collections::BTreeSet;
use std::time::Duration;

use backout_core::config::{PromSignal, TriggerAction};
use backout_core::detect::{Measured, Sample, SignalPath, is_red};
use backout_core::policy::{Check, Verdict};
use futures_util::future::join_all;

use super::alerts::{alerts, look_at_alerts};
use super::logs::look_at_logs;
use super::usage::look_at_use;
use crate::world::World;

pub(crate) use snapshot::snapshot;

/// Measures every signal once: one sample of each.
pub async fn ask_all(world: &World) -> Vec<Sample> {
    let (asked, looked) = tokio::join!(ask_servers(world), look_around(world));
    asked.into_iter().chain(looked).collect()
}

/// Asks for every signal that comes from a query, all servers at once, and looks at every alert that a trigger goes by.
pub async fn ask_servers(world: &World) -> Vec<Sample> {
    let rounds = rounds(world);
    let asked = join_all(rounds.iter().map(|round| ask(world, round)));
    let (asked, alerts) = tokio::join!(asked, look_at_alerts(world));
    asked.into_iter().flatten().chain(alerts).collect()
}

/// Looks at every log that is a signal, and at what services use where a trigger goes by it. Takes a few seconds where it must
/// be looked at twice.
pub async fn look_around(world: &World) -> Vec<Sample> {
    let (logged, used) = tokio::join!(look_at_logs(world), look_at_use(world));
    logged.into_iter().chain(used).collect()
}

/// Asks for the signals of one round.
pub(crate) async fn ask(world: &World, round: &[PromSignal]) -> Vec<Sample> {
    let samples = measured(world, round).await;
    samples.iter().for_each(|sample| world.watcher.sampled(sample));
    samples
}

/// The same, without telling anybody.
async fn measured(world: &World, round: &[PromSignal]) -> Vec<Sample> {
    let answers = world.querier.ask(round).await;
    let (now, triggers) = (world.clock.now(), &world.environment.triggers);
    round.iter().zip(answers).map(|(signal, answer)| answer.sample(signal, triggers, now)).collect()
}

/// The signals that are asked for together: of one server, in one interval.
pub(crate) fn rounds(world: &World) -> Vec<Vec<PromSignal>> {
    let mut rounds: Vec<Vec<PromSignal>> = Vec::new();
    for signal in world.environment.signals.values() {
        let is_of = |round: &Vec<PromSignal>| {
            round.first().is_some_and(|first| first.server == signal.server && first.every == signal.every)
        };
        match rounds.iter_mut().find(|round| is_of(round)) {
            Some(round) => round.push(signal.clone()),
            None => rounds.push(vec![signal.clone()]),
        }
    }
    rounds
}

/// The time until the next round: the interval, and up to a tenth of it more.
pub(crate) fn until_next_round(world: &World, round: &[PromSignal]) -> Duration {
    let every = round.first().map_or(Duration::from_secs(5), |signal| signal.every);
    every + every.mul_f64(f64::from((world.salt)() % 100) / 1000.0)
}

/// The signals that a trigger may act upon: without them nothing is proven.
pub(crate) fn acted_upon(world: &World) -> impl Iterator<Item = SignalPath> + '_ {
    // What is counted is judged by what compares it, which says itself what it lacks.
    let names = world.environment.signals.keys().chain(world.environment.logged.keys());
    let named = names.map(|name| SignalPath::Named(name.clone()));
    let triggers = &world.environment.triggers;
    let used: BTreeSet<SignalPath> =
        triggers.iter().map(|t| t.signal.clone()).filter(|s| matches!(s, SignalPath::Used(..))).collect();
    let named = named.chain(alerts(world).into_iter().map(SignalPath::Alert)).chain(used);
    named.filter(|path| triggers.iter().any(|t| t.signal == *path && t.action != TriggerAction::Observe))
}

/// What samples of signals say: a check for each, and one for each bar.
#[must_use]
pub fn signal_checks(world: &World, samples: &[Sample]) -> Vec<Check> {
    let each = samples.iter().map(|sample| of(sample, is_red(&world.environment.triggers, sample)));
    each.chain(bar_checks(world, samples)).collect()
}

fn of(sample: &Sample, is_bad: bool) -> Check {
    let (verdict, what) = match &sample.measured {
        Measured::Unmeasurable { why } => (Verdict::Unmeasurable, why.clone()),
        Measured::Value { .. } if is_bad => (Verdict::Unhealthy, sample.what.clone()),
        Measured::Value { .. } => (Verdict::Healthy, sample.what.clone()),
    };
    Check { name: sample.signal.to_string(), verdict, what, was_red_before: false, is_advisory: false }
}

/// A check for each bar that a signal must be on the right side of, where it was asked for.
pub(super) fn bar_checks(world: &World, samples: &[Sample]) -> Vec<Check> {
    world.environment.verify.bars.iter().filter_map(|bar| bar.check(samples)).collect()
}
