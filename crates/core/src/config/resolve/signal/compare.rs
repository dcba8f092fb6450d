//! What a trigger compares its signal with: a limit of its own, or how it was before.
//!
//! | the signal                 | a limit           | `than: baseline`, or nothing said |
//! |----------------------------|-------------------|-----------------------------------|
//! | counters                   | no                | yes                               |
//! | a probe's `up`             | a percentage      | yes                               |
//! | a probe's `latency`        | a duration        | no: nobody measured it before     |
//! | a query of one number      | any               | no: nobody knows of how many      |
//! | logged lines               | any               | no: nobody counted them before    |
//! | a service's `cpu`          | a percentage      | no: a gauge condemns nobody alone |
//! | a service's `memory`       | bytes             | yes: by the two rules of leaks    |
//! | a service's `restarts`     | a number          | yes                               |
//! | an alert                   | any, or none      | no: it fires or does not          |

use super::super::context::Context;
use super::super::known::Known;
use super::Kind;
use crate::config::leaf::Times;
use crate::config::raw::RawTrigger;
use crate::config::read::Located;
use crate::config::{Condition, Problem, ProblemCode, Span, Threshold, Tolerated};
use crate::detect::{Resource, Settings, SignalPath, Unit};

/// The condition of a trigger, on a signal where that is known.
pub(super) fn condition(
    raw: &RawTrigger,
    name: &str,
    signal: Option<(&SignalPath, &Known<'_>)>,
    context: &mut Context<'_>,
) -> Option<Condition> {
    let only = [("than", raw.than.key()), ("tolerance", raw.tolerance.key()), ("slower", raw.slower.key())];
    if raw.above.is_absent() && raw.below.is_absent() {
        let is_alert = matches!(signal, Some((SignalPath::Alert(_), _)));
        if is_alert && only.iter().all(|(_, at)| at.is_none()) {
            return Some(Condition::Above(Threshold { value: 0.0, unit: Unit::Number }));
        }
        return baseline(raw, name, signal, context);
    }
    if let Some((key, at)) = only.into_iter().find_map(|(key, at)| Some((key, at?))) {
        let message = format!("trigger `{name}` has a limit and `{key}`");
        context.contradiction(at, message, "keep one, and make the other a trigger of its own".to_owned());
        return None;
    }
    let (condition, at) = limit(raw, name, context)?;
    let (signal, known) = signal?;
    if known.kind(signal) == Some(Kind::Counted) {
        let message = format!("the signal `{signal}` counts requests, and is compared with how it was before");
        let hint = "write `than: baseline`, or make a signal with `promql` for a fixed limit".to_owned();
        context.contradiction(at, message, hint);
        return None;
    }
    fits(signal, &condition, at, context);
    Some(condition)
}

fn baseline(
    raw: &RawTrigger,
    name: &str,
    signal: Option<(&SignalPath, &Known<'_>)>,
    context: &mut Context<'_>,
) -> Option<Condition> {
    // Its only word says what is meant without it as well.
    let _ = context.value(&raw.than);
    let usual = Settings::default();
    let mut times = |field, usual| context.value(field).map_or(usual, |Times(times)| times);
    let tolerated =
        Tolerated { errors: times(&raw.tolerance, usual.tolerance), slower: times(&raw.slower, usual.slower) };
    if let Some(at) = raw.consecutive.key() {
        let message = format!("trigger `{name}` is compared with how it was before, and has `consecutive`");
        context.contradiction(at, message, "remove it: evidence adds up by itself".to_owned());
    }
    let (signal, known) = signal?;
    let (what, hint) = match signal {
        SignalPath::Up(..) => return Some(Condition::Baseline(tolerated)),
        SignalPath::Used(_, Resource::Memory | Resource::Restarts) => return Some(Condition::Baseline(tolerated)),
        SignalPath::Used(_, Resource::Cpu) => {
            ("how busy it is condemns no deploy by itself", "write `above: 90%`, and `consecutive`")
        }
        SignalPath::Named(_) if known.kind(signal) == Some(Kind::Counted) => {
            return Some(Condition::Baseline(tolerated));
        }
        SignalPath::Named(_) if known.kind(signal) == Some(Kind::Logged) => {
            ("nobody counted its lines before a deploy", "write how many a second are too many: `above: 0.5`")
        }
        SignalPath::Named(_) => (
            "a query of one number does not say of how many requests it is",
            "give it `above` or `below`, or make a signal of `requests` and `errors`",
        ),
        SignalPath::Latency(..) => ("nobody measures a probe's latency before a deploy", "write `above: 500ms`"),
        SignalPath::Alert(_) => ("an alert fires or does not", "leave it out: a trigger on an alert needs no limit"),
    };
    let at = raw.than.key().unwrap_or(raw.at());
    let message = format!("trigger `{name}` cannot be compared with how it was before: {what}");
    context.contradiction(at, message, hint.to_owned());
    None
}

/// The limit, and where it stands.
fn limit(raw: &RawTrigger, name: &str, context: &mut Context<'_>) -> Option<(Condition, Span)> {
    if let (Some(_), Some(at)) = (raw.above.key(), raw.below.key()) {
        let message = format!("trigger `{name}` has both `above` and `below`");
        context.contradiction(at, message, "keep one, and make the other a trigger of its own".to_owned());
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
/// | `cpu` | a percentage |
/// | `memory` | bytes |
/// | `restarts` | a number |
/// | a query, logged lines, an alert | any |
fn fits(signal: &SignalPath, condition: &Condition, at: Span, context: &mut Context<'_>) {
    let (Condition::Above(limit) | Condition::Below(limit)) = condition else { return };
    let wanted = match signal {
        SignalPath::Latency(..) => Some((Unit::Seconds, "a duration", "500ms")),
        SignalPath::Up(..) => Some((Unit::Ratio, "a percentage", "100%")),
        SignalPath::Used(_, Resource::Cpu) => Some((Unit::Ratio, "a percentage", "90%")),
        SignalPath::Used(_, Resource::Memory) => Some((Unit::Bytes, "bytes", "512MiB")),
        SignalPath::Used(_, Resource::Restarts) => Some((Unit::Number, "a number", "2")),
        SignalPath::Named(_) | SignalPath::Alert(_) => None,
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
        Condition::Baseline(_) => false,
    };
    if is_idle {
        let message = "no sample can pass this limit, so the trigger never fires";
        let idle = Problem::warning(ProblemCode::IdleTrigger, at, message);
        context.problems.push(idle.hint("swap `above` and `below`, or move the limit".to_owned()));
    }
}
