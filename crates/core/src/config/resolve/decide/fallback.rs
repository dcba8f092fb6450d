//! What is switched on in place of going back.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::leaf::Period;
use crate::config::raw::{RawEnvironment, RawFallback};
use crate::config::read::{Field, Located};
use crate::config::resolve::context::Context;
use crate::config::{Fallback, FallbackBy};
use crate::id::ServiceName;

/// How long switching may take, unless it is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The fallbacks of an environment and of its services, by name.
pub(in crate::config::resolve) fn fallbacks(
    raw: &RawEnvironment,
    context: &mut Context<'_>,
) -> BTreeMap<String, Fallback> {
    let services = raw.services.value().map(|map| map.0.as_slice()).unwrap_or_default();
    let mut all = BTreeMap::new();
    for entry in services {
        let Some(service) = &entry.value else { continue };
        let name = ServiceName::new(&entry.key).ok();
        let found = fallback(&service.fallback, name, context);
        all.extend(found.map(|fallback| (entry.key.clone(), fallback)));
    }
    all.extend(fallback(&raw.fallback, None, context).map(|fallback| ("environment".to_owned(), fallback)));
    all
}

fn fallback(field: &Field<RawFallback>, service: Option<ServiceName>, context: &mut Context<'_>) -> Option<Fallback> {
    let raw = field.value()?;
    let timeout = context.value(&raw.timeout).map_or(TIMEOUT, |Period(timeout)| timeout);
    let by = if let (Field::Given(_, scalar), true) = (&raw.webhook, raw.on.is_absent() && raw.off.is_absent()) {
        FallbackBy::Webhook(context.secret(scalar, |text| !text.contains("${"))?)
    } else {
        let hint = "write `on` and `off`, or `webhook`".to_owned();
        if let Some(at) = raw.webhook.key() {
            context.contradiction(at, "`webhook` excludes `on` and `off`".to_owned(), hint);
        } else if raw.on.is_absent() || raw.off.is_absent() {
            let message = "what is switched on must be switched off again: `on` or `off` is missing".to_owned();
            context.contradiction(raw.at(), message, hint);
        }
        let (on, off) = (context.argv(&raw.on), context.argv(&raw.off));
        FallbackBy::Commands { on: on?, off: off? }
    };
    Some(Fallback { service, by, timeout })
}
