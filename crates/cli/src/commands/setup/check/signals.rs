//! The signals: every query asked once, and what came of it.

use backout_core::config::PromSignal;
use backout_core::detect::{Measured, QueryAnswer};
use backout_engine::World;
use futures_util::future::join_all;

use super::finding::Finding;

/// One finding a signal. A server that cannot be asked and a query that can be no signal are wrong; a number that is bad, or
/// not there just now, is told.
pub(super) async fn asked(world: &World) -> Vec<Finding> {
    join_all(world.environment.signals.values().map(|signal| one(world, signal))).await
}

async fn one(world: &World, signal: &PromSignal) -> Finding {
    let answers = world.querier.ask(std::slice::from_ref(signal)).await;
    let check = format!("signal {}", signal.name);
    let Some(answer) = answers.first() else { return Finding::note(check, "was not asked for") };
    let sample = answer.sample(signal, &world.environment.triggers, world.clock.now());
    match (answer, &sample.measured) {
        (QueryAnswer::Number { .. }, _) if backout_core::detect::is_red(&world.environment.triggers, &sample) => {
            Finding::note(check, format!("{}, which its trigger is about", sample.what))
        }
        (QueryAnswer::Failed { why }, _) => {
            Finding::fails(check, why).hint(Some(format!("ask `{}` by hand: {}", signal.server.url, signal.promql)))
        }
        (_, Measured::Unmeasurable { why }) => Finding::note(check, format!("nothing to go by now: {why}")),
        (_, Measured::Value { .. }) => Finding::holds(check, sample.what),
    }
}
