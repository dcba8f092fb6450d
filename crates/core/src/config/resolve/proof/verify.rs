//! What is checked after going back.

use std::collections::BTreeMap;
use std::time::Duration;

use super::bars::bars;
use crate::config::leaf::{CheckPath, Pattern, Percent};
use crate::config::raw::{RawLogs, RawProbe, RawVerify};
use crate::config::read::{Field, List, Located, Map, Scalar};
use crate::config::resolve::context::Context;
use crate::config::resolve::known::Known;
use crate::config::resolve::probe::{probe, refuse_container};
use crate::config::{LogRule, Place, Probe, ProbeKind, ProblemCode, Service, Smoke, VerifyPolicy};
use crate::detect::SignalPath;
use crate::id::{ProbeName, ServiceName};

/// How long a smoke command may take where nothing else is said: such a command is a script of many requests.
const SMOKE_LIMIT: Duration = Duration::from_secs(60);

/// What must hold.
pub(in crate::config::resolve) fn verify(
    raw: Option<&RawVerify>,
    services: &BTreeMap<ServiceName, Service>,
    known: &Known<'_>,
    context: &mut Context<'_>,
) -> VerifyPolicy {
    let Some(raw) = raw else { return VerifyPolicy { require: all(services), ..VerifyPolicy::default() } };
    let require = match raw.require.value() {
        None => all(services),
        Some(list) => paths(list, known, context),
    };
    let error_rate_below = context.value(&raw.error_rate_below).map(|Percent(share)| share);
    VerifyPolicy {
        require,
        advise: raw.advise.value().map(|list| paths(list, known, context)).unwrap_or_default(),
        smoke: smoke(raw, services, context),
        logs: raw.logs.value().and_then(|raw| logs(raw, services, context)),
        manual: questions(&raw.manual, context),
        observe: context.value(&raw.observe).unwrap_or_default(),
        bars: bars(raw, error_rate_below, known, context),
        error_rate_below,
    }
}

fn all(services: &BTreeMap<ServiceName, Service>) -> Vec<SignalPath> {
    let up = |service: &Service| {
        let name = service.name.clone();
        let own = service.probes.values().filter(|probe| !probe.is_dependency);
        own.map(move |probe| SignalPath::Up(name.clone(), probe.name.clone())).collect::<Vec<_>>()
    };
    services.values().flat_map(up).collect()
}

fn paths(list: &List<Scalar<CheckPath>>, known: &Known<'_>, context: &mut Context<'_>) -> Vec<SignalPath> {
    let mut path = |scalar: &Scalar<CheckPath>| {
        let CheckPath(path) = context.scalar(scalar)?;
        known.check(&path, scalar, context).then_some(path)
    };
    list.0.iter().filter_map(&mut path).collect()
}

fn smoke(raw: &RawVerify, services: &BTreeMap<ServiceName, Service>, context: &mut Context<'_>) -> Vec<Smoke> {
    let mut checks: Vec<Smoke> = Vec::new();
    for (index, raw) in raw.smoke.value().map(|list| list.0.as_slice()).unwrap_or_default().iter().enumerate() {
        let Some(mut probe) = smoke_name(raw, index, context).and_then(|name| probe(raw, name, context)) else {
            continue;
        };
        if raw.timeout.is_absent() && matches!(probe.kind, ProbeKind::Exec { .. }) {
            probe.timeout = SMOKE_LIMIT;
        }
        let service = inside(&probe, raw, services, context);
        if checks.iter().any(|other| other.probe.name == probe.name) {
            let at = raw.name.key().unwrap_or(raw.at());
            let message = "two smoke checks have the same name".to_owned();
            context.error(ProblemCode::DuplicateKey, at, message, "rename one of them".to_owned());
        }
        let is_advisory = context.value(&raw.advisory).unwrap_or(false);
        checks.push(Smoke { probe, service, is_advisory });
    }
    checks
}

/// The service in whose container a smoke check runs. Reports one that needs a container and names no service that has any.
fn inside(
    probe: &Probe,
    raw: &RawProbe,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Option<ServiceName> {
    let is_inside = matches!(probe.kind, ProbeKind::Exec { place: Place::Container, .. });
    let Some(scalar) = raw.service.value() else {
        refuse_container(probe, raw, "a smoke check belongs to no service unless it names one", context);
        return None;
    };
    if !is_inside {
        context.contradiction(scalar.span, "`service` is for commands with `in: container`".to_owned(), None);
        return None;
    }
    known_service(scalar, services, context)
}

/// A service that is named. Reports one that does not exist.
pub(in crate::config::resolve) fn known_service(
    scalar: &Scalar<ServiceName>,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Option<ServiceName> {
    let name = context.scalar(scalar)?;
    if !services.contains_key(&name) {
        let names: Vec<String> = services.keys().map(|name| format!("`{name}`")).collect();
        let message = format!("there is no service `{name}`");
        context.error(ProblemCode::UnknownService, scalar.span, message, format!("there are {}", names.join(", ")));
        return None;
    }
    Some(name)
}

fn smoke_name(raw: &RawProbe, index: usize, context: &mut Context<'_>) -> Option<ProbeName> {
    match raw.name.value() {
        None => ProbeName::new(&format!("smoke-{}", index + 1)).ok(),
        Some(scalar) => context.scalar(scalar),
    }
}

fn logs(raw: &RawLogs, services: &BTreeMap<ServiceName, Service>, context: &mut Context<'_>) -> Option<LogRule> {
    let named = raw.services.value().map(|list| list.0.as_slice()).unwrap_or_default();
    let rule = LogRule {
        services: named.iter().filter_map(|scalar| known_service(scalar, services, context)).collect(),
        files: context.list(&raw.files),
        not: context.list(&raw.not).into_iter().map(|Pattern(pattern)| pattern).collect(),
        at_most: context.value(&raw.at_most).unwrap_or(0).into(),
        is_advisory: context.value(&raw.advisory).unwrap_or(false),
    };
    if raw.services.is_absent() && raw.files.is_absent() {
        let hint = "name some: `services: [app]`, or `files: [/var/log/app.log]`".to_owned();
        context.contradiction(raw.at(), "`logs` names neither services nor files".to_owned(), hint);
        return None;
    }
    Some(rule)
}

/// What people are asked, by name.
pub(in crate::config::resolve) fn questions(
    asked: &Field<Map<Scalar<String>>>,
    context: &mut Context<'_>,
) -> BTreeMap<String, String> {
    let mut checks = BTreeMap::new();
    let Field::Given(_, map) = asked else { return checks };
    for entry in &map.0 {
        let name = context.name::<ProbeName>(&entry.key, entry.at);
        let question = entry.value.as_ref().and_then(|scalar| context.scalar(scalar));
        checks.extend(name.map(|name| name.to_string()).zip(question));
    }
    checks
}
