//! The signals: every query asked once, every log read, whether anybody can tell of alerts, and what came of it.

use backout_core::config::{CountedSignal, HookTakes, PromSignal, TriggerAction};
use backout_core::detect::{Measured, QueryAnswer, Sample, SignalPath};
use backout_core::hook::AlertState;
use backout_core::id::AlertName;
use backout_engine::{World, counted_before, look_at_logs};
use futures_util::future::join_all;

use super::finding::Finding;

/// One finding a signal. A server that cannot be asked and a query that can be no signal are wrong; a number that is bad, or
/// not there just now, is told.
pub(super) async fn asked(world: &World) -> Vec<Finding> {
    let environment = &world.environment;
    let numbers = join_all(environment.signals.values().map(|signal| one(world, signal))).await;
    let counted = join_all(environment.counted.values().map(|signal| counted(world, signal))).await;
    let logged = look_at_logs(world).await;
    let alerts = join_all(environment.watch.alerts.keys().map(|name| alert(world, name))).await;
    numbers
        .into_iter()
        .chain(counted)
        .chain(logged.iter().map(logged_lines))
        .chain(alerts.into_iter().flatten())
        .collect()
}

/// An alert that a trigger looks at. A deploy of which it could not be measured is kept, and never called good.
///
/// | a hook takes alerts | somebody listens | a trigger acts upon it | found |
/// |---------------------|------------------|------------------------|-------|
/// | no                  |                  | yes                    | fails |
/// | no                  |                  | no, it only observes   | note  |
/// | yes                 | no               |                        | note  |
/// | yes                 | yes              |                        | holds; note while it fires |
async fn alert(world: &World, name: &AlertName) -> Option<Finding> {
    let environment = &world.environment;
    let is_about = |signal: &SignalPath| matches!(signal, SignalPath::Alert(alert) if alert == name);
    let mut triggers = environment.triggers.iter().filter(|trigger| is_about(&trigger.signal)).peekable();
    triggers.peek()?;
    let is_acted_upon = triggers.any(|trigger| trigger.action != TriggerAction::Observe);
    let check = format!("signal alerts.{name}");
    let comes = if is_acted_upon { "; without it every deploy ends as kept and not proven" } else { "" };
    if !environment.watch.hooks.values().any(|hook| hook.takes != HookTakes::Deploy) {
        let what = format!("nothing can tell of it: `watch.hooks` has no hook that takes alerts{comes}");
        let hint = "add `watch: { listen: \"127.0.0.1:9797\", hooks: { alertmanager: { token: \"env:ALERT_TOKEN\" } } }`, run \
                    `backout watch`, and have Alertmanager post there; or take the trigger away"
            .to_owned();
        return Some(if is_acted_upon { Finding::fails(check, what) } else { Finding::note(check, what) }.hint(hint));
    }
    Some(match world.store.alert(&environment.name, name).await {
        Ok(AlertState::Quiet) => Finding::holds(check, "somebody listens, and it does not fire"),
        Ok(AlertState::Firing { what, .. }) => Finding::note(check, format!("fires: {what}")),
        Ok(AlertState::Unheard { why }) => Finding::note(check, format!("{why}{comes}")).hint(listening(world)),
        Err(error) => Finding::fails(check, error.to_string()),
    })
}

/// How to listen.
fn listening(world: &World) -> String {
    match &world.environment.watch.listen {
        Some(address) => format!("run `backout watch`, which listens on {address}, before and while you deploy"),
        None => "say where to listen (`watch: { listen: \"127.0.0.1:9797\" }`), and run `backout watch` before and while you \
                 deploy"
            .to_owned(),
    }
}

/// A log that cannot be read is wrong.
fn logged_lines(sample: &Sample) -> Finding {
    let check = format!("signal {}", sample.signal);
    match &sample.measured {
        Measured::Unmeasurable { why } => Finding::fails(check, why),
        Measured::Value { .. } => Finding::holds(check, sample.what.clone()),
    }
}

/// What a deploy now would be compared with.
async fn counted(world: &World, signal: &CountedSignal) -> Finding {
    let check = format!("signal {}", signal.name);
    let looks = match counted_before(world, signal, world.clock.now()).await {
        Ok(looks) => looks,
        Err(why) => {
            let hint = format!("ask `{}` by hand: {}", signal.server.url, signal.counters.requests);
            return Finding::fails(check, &why).hint(Some(hint));
        }
    };
    let counts = looks.iter().filter_map(|tally| tally.requests);
    let (requests, failed) = counts.fold((0.0, 0.0), |sum, (all, bad)| (sum.0 + all, sum.1 + bad));
    let minutes = signal.history.as_secs() / 60;
    if requests < f64::from(signal.min_samples) {
        let what = format!("too little to compare a deploy with: {requests:.0} requests within {minutes} minutes");
        return Finding::note(check, what);
    }
    Finding::holds(check, format!("{requests:.0} requests within {minutes} minutes, of which {failed:.0} failed"))
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
