//! Signals that come from a query of one number.

use super::super::context::Context;
use super::Asking;
use crate::config::PromSignal;
use crate::config::raw::RawSignal;
use crate::config::read::Field;
use crate::detect::counting;
use crate::id::SignalName;

/// A signal but for its name, which may still be found wrong.
pub(super) fn signal(
    raw: &RawSignal,
    key: &str,
    asking: Option<Asking>,
    context: &mut Context<'_>,
) -> Option<impl FnOnce(SignalName) -> PromSignal> {
    let promql = context.value(&raw.promql);
    let min_samples = context.value(&raw.min_samples).unwrap_or(0);
    let samples = samples(raw, key, (promql.as_deref(), min_samples), context).filter(|_| min_samples > 0);
    let (promql, Asking { server, every, timeout }) = promql.zip(asking)?;
    Some(move |name| PromSignal { name, promql, samples, min_samples, server, every, timeout })
}

/// The query that counts: as configured, else the one that `promql` implies. Reports a minimum of what nobody counts.
fn samples(
    raw: &RawSignal,
    key: &str,
    (promql, min_samples): (Option<&str>, u32),
    context: &mut Context<'_>,
) -> Option<String> {
    if let Field::Given(..) | Field::Invalid(_) = raw.samples {
        return context.value(&raw.samples);
    }
    let implied = counting(promql?);
    if let (None, Some(scalar), 1..) = (&implied, raw.min_samples.value(), min_samples) {
        let message = format!("signal `{key}` wants a number of samples, and its query does not say what is counted");
        let hint = "add a query that counts: `samples: 'sum(increase(http_requests_total[1m]))'`".to_owned();
        context.contradiction(scalar.span, message, hint);
    }
    implied
}
