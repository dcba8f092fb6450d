//! All signals of an environment, by what kind each is.
//!
//! | the signal has                               | is of         |
//! |----------------------------------------------|---------------|
//! | `promql`                                     | one number    |
//! | `requests`, `errors`, or what goes with them | counters      |
//! | `logs`                                       | logged lines  |
//! | more than one of these, or none              | is reported   |

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::context::Context;
use super::{counted, logged, query, server};
use crate::config::leaf::Period;
use crate::config::raw::RawSignal;
use crate::config::read::{Field, Located, Map};
use crate::config::{CountedSignal, LogSignal, Problem, ProblemCode, PromServer, PromSignal, Service};
use crate::id::{ServiceName, SignalName};

/// How often a server is asked, and how long it may take.
const PERIOD: Duration = Duration::from_secs(5);

/// The signals of an environment, by kind.
#[derive(Debug, Default)]
pub(in crate::config::resolve) struct Signals {
    pub(in crate::config::resolve) numbers: BTreeMap<SignalName, PromSignal>,
    pub(in crate::config::resolve) counted: BTreeMap<SignalName, CountedSignal>,
    pub(in crate::config::resolve) logged: BTreeMap<SignalName, LogSignal>,
}

/// Who is asked, how often, and for how long.
pub(super) struct Asking {
    pub(super) server: PromServer,
    pub(super) every: Duration,
    pub(super) timeout: Duration,
}

/// What kind a signal is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config::resolve) enum Kind {
    /// A query of one number.
    Number,
    /// Counters.
    Counted,
    /// Lines that are logged.
    Logged,
}

impl Kind {
    /// What a signal is meant to be, by the keys that say so.
    pub(in crate::config::resolve) fn of(raw: &RawSignal) -> Self {
        match (raw.logs.key(), counters(raw).any(|(_, at)| at.is_some())) {
            (Some(_), _) => Self::Logged,
            (None, true) => Self::Counted,
            (None, false) => Self::Number,
        }
    }
}

/// Resolves the signals.
pub(in crate::config::resolve) fn signals(
    raw: &Field<Map<RawSignal>>,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Signals {
    let mut signals = Signals::default();
    for entry in raw.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = context.part::<SignalName>(&entry.key, entry.at);
        let Some(raw) = &entry.value else { continue };
        if !is_one_kind(raw, &entry.key, context) {
            continue;
        }
        match Kind::of(raw) {
            Kind::Logged => {
                let signal = logged::signal(raw, &entry.key, services, context);
                signals.logged.extend(name.zip(signal).map(|(name, unnamed)| (name.clone(), unnamed(name))));
            }
            Kind::Counted => {
                let asking = asking(raw, &entry.key, context);
                let signal = counted::signal(raw, &entry.key, asking, context);
                signals.counted.extend(name.zip(signal).map(|(name, unnamed)| (name.clone(), unnamed(name))));
            }
            Kind::Number => {
                let asking = asking(raw, &entry.key, context);
                let signal = query::signal(raw, &entry.key, asking, context);
                signals.numbers.extend(name.zip(signal).map(|(name, unnamed)| (name.clone(), unnamed(name))));
            }
        }
    }
    signals
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
    let promql = raw.promql.key().map(|at| ("promql", at));
    let logs = raw.logs.key().map(|at| ("logs", at));
    let kinds: Vec<_> = [promql, logs, counter].into_iter().flatten().collect();
    match kinds.as_slice() {
        [_] => true,
        [(first, _), (second, at), ..] => {
            let message = format!("signal `{key}` has both `{first}` and `{second}`");
            context.contradiction(*at, message, "keep one kind, and make the other a signal of its own".to_owned());
            false
        }
        [] => {
            let message = format!("signal `{key}` asks for nothing");
            let hint = "write `promql`, a query of one number, or `requests` and `errors`, two of counters, or `logs`";
            context.contradiction(raw.at(), message, hint.to_owned());
            false
        }
    }
}

fn asking(raw: &RawSignal, key: &str, context: &mut Context<'_>) -> Option<Asking> {
    if raw.server.is_absent() {
        let lacking = Problem::error(ProblemCode::MissingKey, raw.at(), format!("`{key}` lacks the key `server`"));
        context.problems.push(lacking);
    }
    let server = server::server(raw, context);
    let every = every(raw, context);
    let timeout = context.value(&raw.timeout).map_or(PERIOD, |Period(period)| period);
    Some(Asking { server: server?, every, timeout })
}

/// The time between two looks.
pub(super) fn every(raw: &RawSignal, context: &mut Context<'_>) -> Duration {
    context.value(&raw.every).map_or(PERIOD, |Period(period)| period)
}
