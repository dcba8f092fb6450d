//! Triggers: those that are configured, and those that stand in where none is.

use std::collections::BTreeMap;

use super::context::Context;
use super::known::Known;
use crate::config::leaf::Positive;
use crate::config::raw::{RawEnvironment, RawTrigger};
use crate::config::read::Located;
use crate::config::{Condition, Problem, ProblemCode, Service, Span, Threshold, Trigger, TriggerAction};
use crate::detect::{SignalPath, Unit};
use crate::id::{ServiceName, TriggerName};

const CONSECUTIVE: u32 = 3;

/// Resolves the triggers of an environment. Without any, each probe that fails three times in a row is one.
pub(super) fn triggers(
    raw: &RawEnvironment,
    services: &BTreeMap<ServiceName, Service>,
    known: &Known<'_>,
    context: &mut Context<'_>,
) -> Vec<Trigger> {
    let entries = raw.triggers.value().map(|map| map.0.as_slice()).unwrap_or_default();
    if entries.is_empty() {
        return implicit(services);
    }
    let mut triggers = Vec::new();
    for entry in entries {
        let name = context.name::<TriggerName>(&entry.key, entry.at);
        let Some(raw) = &entry.value else { continue };
        triggers.extend(trigger(raw, &entry.key, known, context).and_then(|trigger| Some(trigger.named(name?))));
    }
    triggers
}

fn implicit(services: &BTreeMap<ServiceName, Service>) -> Vec<Trigger> {
    let probes = services.values().flat_map(|service| service.probes.keys().map(|probe| (&service.name, probe)));
    let named = |(index, (service, probe)): (usize, (&ServiceName, &crate::id::ProbeName))| {
        let short = TriggerName::new(&format!("{service}.{probe}"));
        let unnamed = Unnamed {
            signal: SignalPath::Up(service.clone(), probe.clone()),
            condition: Condition::Below(Threshold { value: 1.0, unit: Unit::Ratio }),
            consecutive: CONSECUTIVE,
            action: TriggerAction::Rollback,
        };
        let name = short.or_else(|_| TriggerName::new(&format!("implicit-{index}"))).ok()?;
        Some(Trigger { implicit: true, ..unnamed.named(name) })
    };
    probes.enumerate().filter_map(named).collect()
}

/// A trigger whose name may still be found wrong.
struct Unnamed {
    signal: SignalPath,
    condition: Condition,
    consecutive: u32,
    action: TriggerAction,
}

impl Unnamed {
    fn named(self, name: TriggerName) -> Trigger {
        let Unnamed { signal, condition, consecutive, action } = self;
        Trigger { name, signal, condition, consecutive, action, implicit: false }
    }
}

fn trigger(raw: &RawTrigger, name: &str, known: &Known<'_>, context: &mut Context<'_>) -> Option<Unnamed> {
    let signal = context.value(&raw.signal);
    let is_known =
        signal.as_ref().zip(raw.signal.value()).is_some_and(|(signal, scalar)| known.check(signal, scalar, context));
    let condition = condition(raw, name, context);
    let consecutive = context.value(&raw.consecutive).map_or(CONSECUTIVE, |Positive(many)| many);
    let action = context.value(&raw.action).unwrap_or_default();
    let (condition, at) = condition?;
    let signal = signal.filter(|_| is_known)?;
    fits(&signal, &condition, at, context);
    Some(Unnamed { signal, condition, consecutive, action })
}

/// The condition, and where its limit stands.
fn condition(raw: &RawTrigger, name: &str, context: &mut Context<'_>) -> Option<(Condition, Span)> {
    match (raw.above.key(), raw.below.key()) {
        (None, None) => {
            let message = format!("trigger `{name}` has neither `above` nor `below`");
            context.contradiction(raw.at(), message, "say when it fires: `above: 500ms`, `below: 100%`".to_owned());
        }
        (Some(_), Some(at)) => {
            let message = format!("trigger `{name}` has both `above` and `below`");
            context.contradiction(at, message, "keep one, and make the other a trigger of its own".to_owned());
        }
        _ => {}
    }
    let above = context.value(&raw.above);
    let below = context.value(&raw.below);
    match (above, below) {
        (Some(limit), _) => Some((Condition::Above(limit), raw.above.value()?.span)),
        (None, Some(limit)) => Some((Condition::Below(limit), raw.below.value()?.span)),
        (None, None) => None,
    }
}

/// Reports a limit whose unit is not that of the signal, and one that no sample can pass.
///
/// | signal | unit of the limit |
/// |---|---|
/// | `latency` | a duration |
/// | `up` | a percentage |
/// | a query | any |
fn fits(signal: &SignalPath, condition: &Condition, at: Span, context: &mut Context<'_>) {
    let (Condition::Above(limit) | Condition::Below(limit)) = condition;
    let wanted = match signal {
        SignalPath::Latency(..) => Some((Unit::Seconds, "a duration", "500ms")),
        SignalPath::Up(..) => Some((Unit::Ratio, "a percentage", "100%")),
        SignalPath::Named(_) => None,
    };
    if let Some((_, what, example)) = wanted.filter(|(unit, ..)| *unit != limit.unit) {
        let message = format!("the signal is compared with {what}");
        context.error(ProblemCode::InvalidThreshold, at, message, format!("write it with its unit: `{example}`"));
        return;
    }
    let has_floor = limit.unit != Unit::Number;
    let is_idle = match condition {
        Condition::Above(limit) => limit.unit == Unit::Ratio && limit.value >= 1.0,
        Condition::Below(limit) => has_floor && limit.value <= 0.0,
    };
    if is_idle {
        let message = "no sample can pass this limit, so the trigger never fires";
        let idle = Problem::warning(ProblemCode::IdleTrigger, at, message);
        context.problems.push(idle.hint("swap `above` and `below`, or move the limit".to_owned()));
    }
}
