//! Signals that count lines that are logged.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::context::Context;
use super::super::proof::known_service;
use super::signals::every;
use crate::config::leaf::{Pattern, Period};
use crate::config::raw::RawSignal;
use crate::config::read::Located;
use crate::config::{LogSignal, Service};
use crate::detect::is_error_rate;
use crate::id::{ServiceName, SignalName};

/// Over how long lines are counted.
const WINDOW: Duration = Duration::from_secs(30);

/// A signal but for its name, which may still be found wrong. Reports what only queries have.
pub(super) fn signal(
    raw: &RawSignal,
    key: &str,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Option<impl FnOnce(SignalName) -> LogSignal> {
    let of_queries = [
        ("samples", raw.samples.key()),
        ("server", raw.server.key()),
        ("headers", raw.headers.key()),
        ("basic_auth", raw.basic_auth.key()),
        ("tls", raw.tls.key()),
        ("min_samples", raw.min_samples.key()),
        ("timeout", raw.timeout.key()),
    ];
    if let Some((name, at)) = of_queries.into_iter().find_map(|(name, at)| Some((name, at?))) {
        let message = format!("`{name}` of signal `{key}` is for queries, and it counts lines that are logged");
        context.contradiction(at, message, "remove it".to_owned());
    }
    if is_error_rate(key) {
        let message = format!("a signal called `{key}` is the share of requests that failed, and this counts lines");
        context.contradiction(raw.at(), message, "call it `log_errors`".to_owned());
    }
    let logs = raw.logs.value()?;
    if logs.services.is_absent() && logs.files.is_absent() {
        let hint = "name some: `services: [app]`, or `files: [/var/log/app.log]`".to_owned();
        context.contradiction(logs.at(), format!("`logs` of signal `{key}` names neither services nor files"), hint);
    }
    let named = logs.services.value().map(|list| list.0.as_slice()).unwrap_or_default();
    let named = named.iter().filter_map(|scalar| known_service(scalar, services, context)).collect();
    let files = context.list(&logs.files);
    let matching = context.list(&logs.matching).into_iter().map(|Pattern(pattern)| pattern).collect();
    let window = context.value(&logs.window).map_or(WINDOW, |Period(window)| window);
    let every = every(raw, context);
    Some(move |name| LogSignal { name, services: named, files, matching, window, every })
}
