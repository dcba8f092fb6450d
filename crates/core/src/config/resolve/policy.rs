//! Guarding, verifying, and the limits of automatic runs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::Context;
use super::known::Known;
use super::probe::{probe, refuse_container};
use crate::config::leaf::{CheckPath, Percent, Period, Positive};
use crate::config::raw::{RawGuard, RawObjectives, RawPolicy, RawProbe, RawVerify};
use crate::config::read::{Field, Located, Scalar};
use crate::config::{Approvals, GuardPolicy, Objectives, Policy, Probe, ProblemCode, Service, VerifyPolicy};
use crate::detect::SignalPath;
use crate::id::{ProbeName, ServiceName};

fn period(field: &Field<Scalar<Period>>, default: Duration, context: &mut Context<'_>) -> Duration {
    context.value(field).map_or(default, |Period(period)| period)
}

/// How a deploy is guarded.
pub(super) fn guard(raw: Option<&RawGuard>, context: &mut Context<'_>) -> GuardPolicy {
    let usual = GuardPolicy::default();
    let Some(raw) = raw else { return usual };
    GuardPolicy {
        soak: context.value(&raw.soak).unwrap_or(usual.soak),
        dead_man: period(&raw.dead_man, usual.dead_man, context),
        deploy_limit: period(&raw.deploy_limit, usual.deploy_limit, context),
        every: period(&raw.every, usual.every, context),
        false_alarms: false_alarms(raw, usual.false_alarms, context),
    }
}

/// A budget of nothing would never let anything be called bad, and one of everything always.
fn false_alarms(raw: &RawGuard, usual: f64, context: &mut Context<'_>) -> f64 {
    let Some(Percent(share)) = context.value(&raw.false_alarms) else { return usual };
    if let Some(at) = raw.false_alarms.value().filter(|_| share <= 0.0 || share > 0.5) {
        let message = "a budget for false alarms is more than 0% and at most 50%".to_owned();
        context.error(ProblemCode::InvalidThreshold, at.span, message, "write `0.1%`".to_owned());
        return usual;
    }
    share
}

/// What must hold.
pub(super) fn verify(
    raw: Option<&RawVerify>,
    services: &BTreeMap<ServiceName, Service>,
    known: &Known<'_>,
    context: &mut Context<'_>,
) -> VerifyPolicy {
    let Some(raw) = raw else { return VerifyPolicy { require: all(services), ..VerifyPolicy::default() } };
    let require = match raw.require.value() {
        None => all(services),
        Some(list) => list.0.iter().filter_map(|scalar| required(scalar, known, context)).collect(),
    };
    VerifyPolicy {
        require,
        smoke: smoke(raw, context),
        observe: context.value(&raw.observe).unwrap_or_default(),
        error_rate_below: context.value(&raw.error_rate_below).map(|Percent(share)| share),
    }
}

fn all(services: &BTreeMap<ServiceName, Service>) -> Vec<SignalPath> {
    let up = |service: &Service| {
        let name = service.name.clone();
        let own = service.probes.values().filter(|probe| !probe.is_dependency);
        own.map(move |probe| SignalPath::Up(name.clone(), probe.name.clone())).collect::<Vec<_>>()
    };
    services.values().flat_map(up).collect()
}

fn required(scalar: &Scalar<CheckPath>, known: &Known<'_>, context: &mut Context<'_>) -> Option<SignalPath> {
    let CheckPath(path) = context.scalar(scalar)?;
    known.check(&path, scalar, context).then_some(path)
}

fn smoke(raw: &RawVerify, context: &mut Context<'_>) -> Vec<Probe> {
    let mut checks: Vec<Probe> = Vec::new();
    for (index, raw) in raw.smoke.value().map(|list| list.0.as_slice()).unwrap_or_default().iter().enumerate() {
        let Some(check) = smoke_name(raw, index, context).and_then(|name| probe(raw, name, context)) else { continue };
        refuse_container(&check, raw, "a smoke check belongs to no service, so it has no container", context);
        if checks.iter().any(|other| other.name == check.name) {
            let at = raw.name.key().unwrap_or(raw.at());
            let message = "two smoke checks have the same name".to_owned();
            context.error(ProblemCode::DuplicateKey, at, message, "rename one of them".to_owned());
        }
        checks.push(check);
    }
    checks
}

fn smoke_name(raw: &RawProbe, index: usize, context: &mut Context<'_>) -> Option<ProbeName> {
    match raw.name.value() {
        None => ProbeName::new(&format!("smoke-{}", index + 1)).ok(),
        Some(scalar) => context.scalar(scalar),
    }
}

/// What automatic runs may do; the rules that decide are resolved beside it.
pub(super) fn policy(raw: Option<&RawPolicy>, context: &mut Context<'_>) -> Policy {
    let usual = Policy::default();
    let Some(raw) = raw else { return usual };
    let approvals = raw.approvals.value().map(|raw| {
        let mut people = |field| context.value(field).unwrap_or(0);
        let (service, stack) = (people(&raw.service), people(&raw.stack));
        Approvals { service, stack, config: people(&raw.config), database: people(&raw.database) }
    });
    let mut positive = |field, usual| context.value(field).map_or(usual, |Positive(many)| many);
    let attempts = positive(&raw.attempts, usual.attempts);
    let keep_checkpoints = positive(&raw.keep_checkpoints, usual.keep_checkpoints);
    let max_automatic_per_hour = context.value(&raw.max_automatic_per_hour);
    let max_at_once = context.value(&raw.max_at_once);
    let cool_down = context.value(&raw.cool_down).unwrap_or(usual.cool_down);
    let plan_b = context.value(&raw.plan_b).unwrap_or(usual.plan_b);
    Policy {
        rules: usual.rules,
        attempts,
        plan_b,
        max_automatic_per_hour,
        max_at_once,
        cool_down,
        keep_checkpoints,
        approvals: approvals.unwrap_or_default(),
    }
}

/// How long going back may take.
pub(super) fn objectives(raw: Option<&RawObjectives>, context: &mut Context<'_>) -> Objectives {
    let Some(raw) = raw else { return Objectives::default() };
    let mut limit = |field| context.value(field).map(|Period(limit)| limit);
    Objectives { service: limit(&raw.service), stack: limit(&raw.stack), database: limit(&raw.database) }
}
