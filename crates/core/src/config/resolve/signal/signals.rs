//! All signals of an environment, by what kind each is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::context::Context;
use super::{counted, query, server};
use crate::config::leaf::Period;
use crate::config::raw::RawSignal;
use crate::config::read::{Field, Located, Map};
use crate::config::{CountedSignal, PromServer, PromSignal};
use crate::id::SignalName;

/// How often a server is asked, and how long it may take.
const PERIOD: Duration = Duration::from_secs(5);

/// The signals that come from queries: of one number, and of counters.
#[derive(Debug, Default)]
pub(in crate::config::resolve) struct Signals {
    pub(in crate::config::resolve) numbers: BTreeMap<SignalName, PromSignal>,
    pub(in crate::config::resolve) counted: BTreeMap<SignalName, CountedSignal>,
}

/// Who is asked, how often, and for how long.
pub(super) struct Asking {
    pub(super) server: PromServer,
    pub(super) every: Duration,
    pub(super) timeout: Duration,
}

/// Resolves the signals that come from queries.
pub(in crate::config::resolve) fn signals(raw: &Field<Map<RawSignal>>, context: &mut Context<'_>) -> Signals {
    let mut signals = Signals::default();
    for entry in raw.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = context.part::<SignalName>(&entry.key, entry.at);
        let Some(raw) = &entry.value else { continue };
        if !is_one_kind(raw, &entry.key, context) {
            continue;
        }
        let asking = asking(raw, context);
        if is_counted(raw) {
            let signal = counted::signal(raw, &entry.key, asking, context);
            signals.counted.extend(name.zip(signal).map(|(name, unnamed)| (name.clone(), unnamed(name))));
        } else {
            let signal = query::signal(raw, &entry.key, asking, context);
            signals.numbers.extend(name.zip(signal).map(|(name, unnamed)| (name.clone(), unnamed(name))));
        }
    }
    signals
}

/// Whether a signal is one of counters.
pub(in crate::config::resolve) fn is_counted(raw: &RawSignal) -> bool {
    counters(raw).any(|(_, at)| at.is_some())
}

/// The keys that only counters have, with where they stand.
fn counters(raw: &RawSignal) -> impl Iterator<Item = (&'static str, Option<crate::config::Span>)> {
    let keys = [
        ("requests", raw.requests.key()),
        ("errors", raw.errors.key()),
        ("latency", raw.latency.key()),
        ("baseline_requests", raw.baseline_requests.key()),
        ("baseline_errors", raw.baseline_errors.key()),
        ("memory", raw.memory.key()),
        ("memory_limit", raw.memory_limit.key()),
        ("history", raw.history.key()),
    ];
    keys.into_iter()
}

fn is_one_kind(raw: &RawSignal, key: &str, context: &mut Context<'_>) -> bool {
    let counter = counters(raw).find_map(|(name, at)| Some((name, at?)));
    match (raw.promql.key(), counter) {
        (Some(_), Some((name, at))) => {
            let message = format!("signal `{key}` has both `promql` and `{name}`");
            context.contradiction(at, message, "keep one kind, and make the other a signal of its own".to_owned());
            false
        }
        (None, None) => {
            let message = format!("signal `{key}` asks for nothing");
            let hint = "write `promql`, a query of one number, or `requests` and `errors`, two of counters".to_owned();
            context.contradiction(raw.at(), message, hint);
            false
        }
        _ => true,
    }
}

fn asking(raw: &RawSignal, context: &mut Context<'_>) -> Option<Asking> {
    let server = server::server(raw, context);
    let mut period = |field| context.value(field).map_or(PERIOD, |Period(period)| period);
    let (every, timeout) = (period(&raw.every), period(&raw.timeout));
    Some(Asking { server: server?, every, timeout })
}
