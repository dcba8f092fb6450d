//! What `backout watch` does beside looking, and what others may tell it.
//!
//! | hook | needs | may have |
//! |---|---|---|
//! | `alertmanager` | `token` or `basic_auth` | |
//! | any other | `secret` | `signature_header`, `timestamp_header`, `window` |

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::Context;
use super::signal::login;
use crate::config::leaf::{Address, Period, Word};
use crate::config::raw::{RawAlert, RawHook, RawWatch};
use crate::config::read::{Located, MapEntry};
use crate::config::{Alert, Hook, HookProof, HookTakes, ProblemCode, Service, WatchPolicy};
use crate::id::{AlertName, ServiceName};

/// How old a signature may be, unless it is said.
const WINDOW: Duration = Duration::from_secs(300);

/// What `backout watch` does beside looking.
pub(super) fn watch(
    raw: Option<&RawWatch>,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> WatchPolicy {
    let usual = WatchPolicy::default();
    let Some(raw) = raw else { return usual };
    let hooks = raw.hooks.value().map(|map| map.0.as_slice()).unwrap_or_default();
    let alerts = raw.alerts.value().map(|map| map.0.as_slice()).unwrap_or_default();
    WatchPolicy {
        notice: context.value(&raw.notice).unwrap_or(usual.notice),
        automatic: context.value(&raw.automatic).unwrap_or(usual.automatic),
        listen: context.value(&raw.listen).map(|Address(address)| address),
        hooks: hooks.iter().filter_map(|entry| hook(entry, context)).collect(),
        alerts: alerts.iter().filter_map(|entry| alert(entry, services, context)).collect(),
    }
}

fn hook(entry: &MapEntry<RawHook>, context: &mut Context<'_>) -> Option<(String, Hook)> {
    // A hook's name is a part of an address: what a name may be, that may be as well.
    let name: AlertName = context.part(&entry.key, entry.at)?;
    let raw = entry.value.as_ref()?;
    let takes = match name.as_str() {
        "alertmanager" => HookTakes::Alertmanager,
        "deploy" => HookTakes::Deploy,
        _ => HookTakes::Alert,
    };
    let proof = match takes {
        HookTakes::Alertmanager => asked(raw, context)?,
        HookTakes::Deploy | HookTakes::Alert => signed(raw, context)?,
    };
    Some((name.as_str().to_owned(), Hook { takes, proof }))
}

/// Alertmanager says who it is, and cannot sign.
fn asked(raw: &RawHook, context: &mut Context<'_>) -> Option<HookProof> {
    if let Some(at) = raw.secret.key().or(raw.window.key()) {
        let hint = "write `token`, or `basic_auth`, as Alertmanager's `http_config` has it".to_owned();
        context.contradiction(at, "Alertmanager cannot sign what it posts".to_owned(), hint);
        return None;
    }
    let given = [raw.token.key(), raw.basic_auth.key()];
    if !context.has_one(raw.at(), &given, "alertmanager", "`token` and `basic_auth`") {
        return None;
    }
    match raw.basic_auth.value() {
        Some(raw) => login(raw, context).map(HookProof::Login),
        None => context.secret(raw.token.value()?, is_literal).map(HookProof::Token),
    }
}

fn signed(raw: &RawHook, context: &mut Context<'_>) -> Option<HookProof> {
    if let Some(at) = raw.token.key().or(raw.basic_auth.key()) {
        let hint = "write `secret`: requests are signed with it".to_owned();
        context.contradiction(at, "only `alertmanager` is known by a token or a login".to_owned(), hint);
        return None;
    }
    if raw.secret.is_absent() {
        let message = "a hook lacks the key `secret`".to_owned();
        context.error(ProblemCode::MissingKey, raw.at(), message, "add one: `secret: \"env:HOOK_KEY\"`".to_owned());
    }
    let mut header = |field, usual: &str| {
        context.value(field).map_or_else(|| usual.to_owned(), |Word(header)| header.to_ascii_lowercase())
    };
    let signature_header = header(&raw.signature_header, "x-backout-signature");
    let timestamp_header = header(&raw.timestamp_header, "x-backout-timestamp");
    let window = context.value(&raw.window).map_or(WINDOW, |Period(window)| window);
    let secret = context.secret(raw.secret.value()?, is_literal)?;
    Some(HookProof::Signature { secret, signature_header, timestamp_header, window })
}

fn alert(
    entry: &MapEntry<RawAlert>,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Option<(AlertName, Alert)> {
    let name: AlertName = context.part(&entry.key, entry.at)?;
    let raw = entry.value.as_ref()?;
    let given = raw.labels.value().map(|map| map.0.as_slice()).unwrap_or_default();
    let mut labels = BTreeMap::new();
    for label in given {
        if let Some(value) = label.value.as_ref().and_then(|value| context.scalar(value)) {
            labels.insert(label.key.clone(), value);
        }
    }
    if labels.is_empty() {
        labels.insert("alertname".to_owned(), name.as_str().to_owned());
    }
    let service = context.value(&raw.service);
    if let (Some(service), Some(scalar)) = (&service, raw.service.value())
        && !services.contains_key(service)
    {
        let message = format!("there is no service `{service}`");
        context.error(ProblemCode::UnknownService, scalar.span, message, None);
    }
    Some((name.clone(), Alert { name, labels, service }))
}

/// Whether what is written is the secret itself.
fn is_literal(text: &str) -> bool {
    !text.contains("${")
}
