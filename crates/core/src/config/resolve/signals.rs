//! Signals that come from queries.

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::Context;
use super::probe::headers;
use crate::config::leaf::{HttpUrl, Period, Word};
use crate::config::raw::{RawLogin, RawSignal};
use crate::config::read::{Field, Map};
use crate::config::{PromLogin, PromServer, PromSignal};
use crate::detect::counting;
use crate::id::SignalName;

/// How often a server is asked, and how long it may take.
const PERIOD: Duration = Duration::from_secs(5);

/// Resolves the signals that come from queries.
pub(super) fn signals(raw: &Field<Map<RawSignal>>, context: &mut Context<'_>) -> BTreeMap<SignalName, PromSignal> {
    let mut signals = BTreeMap::new();
    for entry in raw.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = context.part::<SignalName>(&entry.key, entry.at);
        let Some(raw) = &entry.value else { continue };
        let signal = signal(raw, &entry.key, context);
        if let (Some(name), Some(unnamed)) = (name, signal) {
            signals.insert(name.clone(), unnamed(name));
        }
    }
    signals
}

/// A signal but for its name, which may still be found wrong.
fn signal(raw: &RawSignal, key: &str, context: &mut Context<'_>) -> Option<impl FnOnce(SignalName) -> PromSignal> {
    let (promql, server) = (context.value(&raw.promql), server(raw, context));
    let min_samples = context.value(&raw.min_samples).unwrap_or(0);
    let samples = samples(raw, key, (promql.as_deref(), min_samples), context).filter(|_| min_samples > 0);
    let mut period = |field| context.value(field).map_or(PERIOD, |Period(period)| period);
    let (every, timeout) = (period(&raw.every), period(&raw.timeout));
    let (promql, server) = promql.zip(server)?;
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

fn server(raw: &RawSignal, context: &mut Context<'_>) -> Option<PromServer> {
    let url = context.value(&raw.server);
    let headers = headers(&raw.headers, context);
    let login = raw.basic_auth.value().and_then(|raw| login(raw, context));
    if let (Some(at), true) = (raw.basic_auth.key(), headers.contains_key("authorization")) {
        let message = "`basic_auth` and the header `Authorization` exclude each other".to_owned();
        context.contradiction(at, message, "keep one".to_owned());
    }
    let tls = raw.tls.value();
    let verify = tls.and_then(|tls| context.value(&tls.verify)).unwrap_or(true);
    let authority = tls.and_then(|tls| context.value(&tls.ca)).map(|Word(path)| path);
    let HttpUrl(url) = url?;
    Some(PromServer { url, headers, login, verify, authority })
}

fn login(raw: &RawLogin, context: &mut Context<'_>) -> Option<PromLogin> {
    let user = raw.username.value().and_then(|user| context.secret(user, |_| false));
    let is_literal = |text: &str| !text.contains("${");
    let password = raw.password.value().and_then(|password| context.secret(password, is_literal));
    Some(PromLogin { user: user?, password: password? })
}
