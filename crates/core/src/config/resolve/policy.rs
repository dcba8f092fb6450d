//! Guarding, and the limits of automatic runs.

use std::time::Duration;

use super::context::Context;
use super::proof::questions;
use crate::config::leaf::{Percent, Period, Positive, TagPattern};
use crate::config::raw::{RawGuard, RawKeptFirst, RawObjectives, RawPolicy};
use crate::config::read::{Field, Located, Scalar};
use crate::config::{Approvals, GuardPolicy, KeptFirst, Objectives, Policy, ProblemCode};
use crate::id::EnvironmentName;

fn period(field: &Field<Scalar<Period>>, default: Duration, context: &mut Context<'_>) -> Duration {
    context.value(field).map_or(default, |Period(period)| period)
}

/// The environments of the file, and which of them is resolved.
pub(super) struct Environments<'a> {
    /// All of them, as they are written.
    pub(super) all: Vec<&'a str>,
    /// This one.
    pub(super) this: &'a str,
}

/// How a deploy is guarded.
pub(super) fn guard(raw: Option<&RawGuard>, known: &Environments<'_>, context: &mut Context<'_>) -> GuardPolicy {
    let usual = GuardPolicy::default();
    let Some(raw) = raw else { return usual };
    GuardPolicy {
        soak: context.value(&raw.soak).unwrap_or(usual.soak),
        dead_man: period(&raw.dead_man, usual.dead_man, context),
        deploy_limit: period(&raw.deploy_limit, usual.deploy_limit, context),
        every: period(&raw.every, usual.every, context),
        false_alarms: false_alarms(raw, usual.false_alarms, context),
        smoke: context.value(&raw.smoke).unwrap_or(usual.smoke),
        kept_first: raw.kept_first.value().and_then(|raw| kept_first(raw, known, context)),
        tag: context.value(&raw.tag).map(|TagPattern(pattern)| pattern),
        asks: questions(&raw.asks, context),
    }
}

/// Reports an environment that is not in the file, or is this one.
fn kept_first(raw: &RawKeptFirst, known: &Environments<'_>, context: &mut Context<'_>) -> Option<KeptFirst> {
    let Period(lasting) = context.value(&raw.r#for)?;
    let environment: EnvironmentName = context.value(&raw.r#in)?;
    let others: Vec<String> =
        known.all.iter().filter(|name| **name != known.this).map(|name| format!("`{name}`")).collect();
    let is_other = environment.as_str() != known.this && known.all.contains(&environment.as_str());
    if !is_other {
        let hint =
            if others.is_empty() { "there is no other".to_owned() } else { format!("there are {}", others.join(", ")) };
        let at = raw.r#in.key().unwrap_or(raw.at());
        context.contradiction(at, format!("`{environment}` is no other environment of this file"), hint);
        return None;
    }
    Some(KeptFirst { environment, lasting })
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

/// What automatic runs may do; the rules that decide are resolved beside it.
pub(super) fn policy(raw: Option<&RawPolicy>, context: &mut Context<'_>) -> Policy {
    let usual = Policy::default();
    let Some(raw) = raw else { return usual };
    let approvals = raw.approvals.value().map(|raw| {
        let mut people = |field| context.value(field).unwrap_or(0);
        let (service, stack, config) = (people(&raw.service), people(&raw.stack), people(&raw.config));
        let (database, irreversible) = (people(&raw.database), people(&raw.irreversible));
        let within = context.value(&raw.within).unwrap_or(usual.approvals.within);
        Approvals { service, stack, config, database, irreversible, within }
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
    let (service, stack, database) = (limit(&raw.service), limit(&raw.stack), limit(&raw.database));
    // A page that has one time for the data means each way of it.
    let restore = limit(&raw.restore).or(database);
    let (emergency, fallback) = (limit(&raw.emergency), limit(&raw.fallback));
    let (average, recovered) = (limit(&raw.average), limit(&raw.recovered));
    let verified = context.value(&raw.verified).map(|Percent(share)| share);
    Objectives { service, stack, database, restore, emergency, fallback, verified, average, recovered }
}
