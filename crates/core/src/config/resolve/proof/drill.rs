//! How going back is rehearsed.

use std::collections::BTreeMap;

use super::verify::known_service;
use crate::config::leaf::Period;
use crate::config::raw::RawDrill;
use crate::config::read::{Field, Located, Scalar};
use crate::config::resolve::context::Context;
use crate::config::{DrillPolicy, GuardPolicy, Service};
use crate::id::ServiceName;
use crate::journal::Break;

/// How going back is rehearsed. Where there is one service, that is the one that is broken.
pub(in crate::config::resolve) fn drill(
    raw: Option<&RawDrill>,
    guard: &GuardPolicy,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Option<DrillPolicy> {
    let raw = raw?;
    let command = raw.command.value().map(|raw| (context.argv(&raw.r#break), context.argv(&raw.repair)));
    let how = context.value(&raw.r#break).unwrap_or(Break::Crash);
    if how == Break::Errors && raw.command.is_absent() {
        let at = raw.r#break.key().unwrap_or(raw.at());
        let hint = "add `command: { break: [..], repair: [..] }`".to_owned();
        context.contradiction(at, "there is no command that makes the service answer with errors".to_owned(), hint);
    }
    let mut period = |field: &Field<Scalar<Period>>| context.value(field).map(|Period(period)| period);
    let (within, objective, every) = (period(&raw.within), period(&raw.objective), period(&raw.every));
    let only = services.keys().next().filter(|_| services.len() == 1).cloned();
    Some(DrillPolicy {
        service: raw.service.value().map_or(only, |scalar| known_service(scalar, services, context)),
        how,
        within: within.unwrap_or(guard.soak),
        objective,
        every,
        environment: environment(raw, context),
        command: command.and_then(|(breaks, repairs)| breaks.zip(repairs)),
        allowed: context.value(&raw.allowed)?,
    })
}

fn environment(raw: &RawDrill, context: &mut Context<'_>) -> BTreeMap<String, String> {
    let entries = raw.environment.value().map(|map| map.0.as_slice()).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.clone(), context.scalar(entry.value.as_ref()?)?))).collect()
}
