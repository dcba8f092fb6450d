//! Triggers: those that are configured, and those that stand in where none is.

use std::collections::BTreeMap;

use super::super::context::Context;
use super::super::known::Known;
use super::compare::condition;
use crate::config::leaf::Positive;
use crate::config::raw::{RawEnvironment, RawTrigger};
use crate::config::{Condition, Service, Threshold, Trigger, TriggerAction};
use crate::detect::{SignalPath, Unit};
use crate::id::{ProbeName, ServiceName, TriggerName};
use crate::policy::Impact;

const CONSECUTIVE: u32 = 3;

/// Resolves the triggers of an environment. Without any, each probe that fails three times in a row is one.
pub(in crate::config::resolve) fn triggers(
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
    let own = |service: &'_ Service| {
        service.probes.values().filter(|probe| !probe.is_dependency).map(|probe| probe.name.clone()).collect::<Vec<_>>()
    };
    let probes = services.values().flat_map(|service| own(service).into_iter().map(|probe| (&service.name, probe)));
    let named = |(index, (service, probe)): (usize, (&ServiceName, ProbeName))| {
        let short = TriggerName::new(&format!("{service}.{probe}"));
        let unnamed = Unnamed {
            signal: SignalPath::Up(service.clone(), probe),
            condition: Condition::Below(Threshold { value: 1.0, unit: Unit::Ratio }),
            consecutive: CONSECUTIVE,
            action: TriggerAction::Rollback,
            impact: None,
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
    impact: Option<Impact>,
}

impl Unnamed {
    fn named(self, name: TriggerName) -> Trigger {
        let Unnamed { signal, condition, consecutive, action, impact } = self;
        Trigger { name, signal, condition, consecutive, action, impact, implicit: false }
    }
}

fn trigger(raw: &RawTrigger, name: &str, known: &Known<'_>, context: &mut Context<'_>) -> Option<Unnamed> {
    let signal = context.value(&raw.signal);
    let is_known =
        signal.as_ref().zip(raw.signal.value()).is_some_and(|(signal, scalar)| known.check(signal, scalar, context));
    let signal = signal.filter(|_| is_known);
    let condition = condition(raw, name, signal.as_ref().map(|signal| (signal, known)), context);
    let consecutive = context.value(&raw.consecutive).map_or(CONSECUTIVE, |Positive(many)| many);
    let action = context.value(&raw.action).unwrap_or_default();
    let impact = context.value(&raw.impact);
    Some(Unnamed { signal: signal?, condition: condition?, consecutive, action, impact })
}
