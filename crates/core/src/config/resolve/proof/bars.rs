//! What signals must come back to after going back.

use crate::config::raw::{RawBar, RawVerify};
use crate::config::read::{Located, MapEntry};
use crate::config::resolve::context::Context;
use crate::config::resolve::known::Known;
use crate::config::resolve::signal::Kind;
use crate::config::{Condition, ProblemCode, Threshold};
use crate::detect::{Bar, ERROR_RATES, SignalPath, Unit};
use crate::id::SignalName;

/// One bar each, and that of the error rate, where a signal is called so.
pub(super) fn bars(
    raw: &RawVerify,
    error_rate_below: Option<f64>,
    known: &Known<'_>,
    context: &mut Context<'_>,
) -> Vec<Bar> {
    let entries = raw.signals.value().map(|map| map.0.as_slice()).unwrap_or_default();
    let mut bars: Vec<Bar> = entries.iter().filter_map(|entry| bar(entry, known, context)).collect();
    let names = ERROR_RATES.iter().filter_map(|name| SignalName::new(name).ok()).map(SignalPath::Named);
    let rate = { names }.find(|path| known.kind(path) == Some(Kind::Number));
    if let (Some(path), Some(value)) = (rate, error_rate_below) {
        bars.push(Bar::new(path, Condition::Below(Threshold { value, unit: Unit::Ratio })));
    }
    bars
}

fn bar(entry: &MapEntry<RawBar>, known: &Known<'_>, context: &mut Context<'_>) -> Option<Bar> {
    let path = SignalPath::Named(context.name::<SignalName>(&entry.key, entry.at)?);
    let raw = entry.value.as_ref()?;
    match known.kind(&path) {
        Some(Kind::Number | Kind::Logged) => {}
        Some(Kind::Counted) => {
            let message = format!("the signal `{}` is counted, and has no value of its own", entry.key);
            let hint = "make a signal of a query that gives the number: `{ promql: ... }`".to_owned();
            context.contradiction(entry.at, message, hint);
            return None;
        }
        None => {
            let message = format!("there is no signal `{}`", entry.key);
            let hint = "declare it under `signals`, or name one that is there".to_owned();
            context.error(ProblemCode::UnknownSignal, entry.at, message, hint);
            return None;
        }
    }
    match (context.value(&raw.above), context.value(&raw.below)) {
        (Some(limit), None) => Some(Bar::new(path, Condition::Above(limit))),
        (None, Some(limit)) => Some(Bar::new(path, Condition::Below(limit))),
        (None, None) | (Some(_), Some(_)) => {
            let message = format!("`{}` needs one of `above` and `below`", entry.key);
            context.contradiction(raw.at(), message, "write `{ below: 500ms }`".to_owned());
            None
        }
    }
}
