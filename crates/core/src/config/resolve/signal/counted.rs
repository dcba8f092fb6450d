//! Signals that count requests.

use std::time::Duration;

use super::super::context::Context;
use super::Asking;
use crate::config::leaf::{Bytes, Period};
use crate::config::raw::RawSignal;
use crate::config::read::{Field, Located, Scalar};
use crate::config::{CountedSignal, Counters, MemoryGauge, Span};
use crate::id::SignalName;

/// How far back the time before a deploy is looked at.
const HISTORY: Duration = Duration::from_secs(1800);

/// With fewer requests than this nothing is called healthy.
const FEWEST: u32 = 30;

/// A signal but for its name, which may still be found wrong.
pub(super) fn signal(
    raw: &RawSignal,
    key: &str,
    asking: Option<Asking>,
    context: &mut Context<'_>,
) -> Option<impl FnOnce(SignalName) -> CountedSignal> {
    if let Some(at) = raw.samples.key() {
        let message = format!("`samples` of signal `{key}` is for `promql`, which is not set");
        context.contradiction(at, message, "remove it: `requests` is what is counted".to_owned());
    }
    let counters = counters(raw, key, context);
    let history = context.value(&raw.history).map_or(HISTORY, |Period(history)| history);
    let min_samples = context.value(&raw.min_samples).unwrap_or(FEWEST);
    let (counters, Asking { server, every, timeout }) = counters.zip(asking)?;
    Some(move |name| CountedSignal { name, counters, history, min_samples, server, every, timeout })
}

fn counters(raw: &RawSignal, key: &str, context: &mut Context<'_>) -> Option<Counters> {
    let requests = pair(key, ("requests", &raw.requests), ("errors", &raw.errors), raw.at(), context);
    let beside = match (raw.baseline_requests.key(), raw.baseline_errors.key()) {
        (None, None) => None,
        (requests, errors) => {
            let at = requests.or(errors).unwrap_or(raw.at());
            let (all, bad) = (("baseline_requests", &raw.baseline_requests), ("baseline_errors", &raw.baseline_errors));
            pair(key, all, bad, at, context)
        }
    };
    let memory = memory(raw, key, context);
    let latency = context.value(&raw.latency);
    let (requests, errors) = requests?;
    Some(Counters { requests, errors, latency, beside, memory })
}

/// Two queries that need one another.
fn pair(
    key: &str,
    (all, requests): (&str, &Field<Scalar<String>>),
    (bad, errors): (&str, &Field<Scalar<String>>),
    at: Span,
    context: &mut Context<'_>,
) -> Option<(String, String)> {
    let missing = [(all, requests), (bad, errors)].into_iter().find(|(_, field)| field.is_absent());
    if let Some((missing, _)) = missing {
        let message = format!("signal `{key}` counts, and has no `{missing}`");
        let hint = format!("`{all}` and `{bad}` are two queries of counters: all requests, and those that failed");
        context.contradiction(at, message, hint);
    }
    let (requests, errors) = (context.value(requests), context.value(errors));
    requests.zip(errors)
}

fn memory(raw: &RawSignal, key: &str, context: &mut Context<'_>) -> Option<MemoryGauge> {
    match (raw.memory.key(), raw.memory_limit.key()) {
        (Some(at), None) => {
            let message = format!("`memory` of signal `{key}` has no limit to compare with");
            context.contradiction(at, message, "add how much there is: `memory_limit: 512MiB`".to_owned());
        }
        (None, Some(at)) => {
            let message = format!("`memory_limit` of signal `{key}` is for `memory`, which is not set");
            context.contradiction(at, message, "add the query of what is in use, in bytes".to_owned());
        }
        _ => {}
    }
    let (promql, limit) = (context.value(&raw.memory), context.value(&raw.memory_limit));
    promql.zip(limit).map(|(promql, Bytes(limit))| MemoryGauge { promql, limit })
}
