//! Services.

use std::collections::BTreeMap;

use super::context::Context;
use super::order::Needs;
use super::platform::{Base, platform, reached_by};
use super::probe::{implicit_container, probe, refuse_container};
use super::proof::version;
use crate::config::raw::RawService;
use crate::config::read::{Field, Map, MapEntry};
use crate::config::{Probe, ProbeKind, ProblemCode, Service, ServicePlatform};
use crate::id::{ProbeName, ServiceName};
use crate::inventory::PlatformKind;

/// Resolves the services of an environment; one that cannot be is left out.
pub(super) fn services(
    raw: &Map<RawService>,
    default: &Field<Base>,
    mut needs: Needs,
    context: &mut Context<'_>,
) -> BTreeMap<ServiceName, Service> {
    let mut services = BTreeMap::new();
    for entry in &raw.0 {
        let name = context.part::<ServiceName>(&entry.key, entry.at);
        let Some(raw) = &entry.value else { continue };
        let platform = platform(&entry.key, raw, default, context);
        let probes = probes(raw, platform.as_ref().map(ServicePlatform::kind), context);
        let config_files = raw.artifacts.value().map(|raw| context.list(&raw.config)).unwrap_or_default();
        let (tier, stop_timeout) = (context.value(&raw.tier), context.value(&raw.stop_timeout));
        let version = raw.version.value().and_then(|raw| version(raw, context));
        let reached_by = reached_by(raw, context);
        let (Some(name), Some(platform)) = (name, platform) else { continue };
        let depends_on = needs.remove(&name).unwrap_or_default().into_iter().map(|(name, _)| name).collect();
        let service =
            Service { name, tier, depends_on, platform, config_files, probes, version, reached_by, stop_timeout };
        services.insert(service.name.clone(), service);
    }
    led_to_services(raw, context);
    services
}

/// Reports what users would be led to and is no service, because nobody would know how it is; and needs between the two, because
/// their order follows from where users are led.
fn led_to_services(raw: &Map<RawService>, context: &mut Context<'_>) {
    for entry in &raw.0 {
        let name = &entry.key;
        let traffic = entry.value.as_ref().and_then(|service| service.traffic.value());
        let targets = traffic.and_then(|traffic| traffic.to.value()).map(|map| map.0.as_slice());
        for target in targets.unwrap_or_default() {
            let led_to = raw.0.iter().find(|other| other.key == target.key && other.key != *name);
            if led_to.is_none() {
                let message = format!("`{name}` would lead to `{}`, which is no other service", target.key);
                let hint = "name services of the same environment under `to`".to_owned();
                context.error(ProblemCode::UnknownService, target.at, message, hint);
            }
            if led_to.is_some_and(|led_to| depends(entry, &led_to.key) || depends(led_to, name)) {
                let message = format!("`{name}` leads to `{}`, and one of the two depends on the other", target.key);
                let hint = "remove it from `depends_on`: the order follows from where users are led".to_owned();
                context.contradiction(target.at, message, hint);
            }
        }
    }
}

fn depends(entry: &MapEntry<RawService>, name: &str) -> bool {
    let needed = entry.value.as_ref().and_then(|service| service.depends_on.value());
    needed.is_some_and(|needed| needed.0.iter().any(|scalar| scalar.text == name))
}

/// The probes of a service on a platform, or on one that could not be resolved.
fn probes(raw: &RawService, kind: Option<PlatformKind>, context: &mut Context<'_>) -> BTreeMap<ProbeName, Probe> {
    let mut probes = BTreeMap::new();
    for entry in raw.probes.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        let name = context.part::<ProbeName>(&entry.key, entry.at);
        let Some(raw) = &entry.value else { continue };
        if let Some(at) = raw.name.key() {
            let hint = format!("remove it: the probe is called `{}`", entry.key);
            context.contradiction(at, "`name` is for smoke checks".to_owned(), hint);
        }
        for (key, at) in [("service", raw.service.key()), ("advisory", raw.advisory.key())] {
            if let Some(at) = at {
                context.contradiction(at, format!("`{key}` is for smoke checks"), "remove it".to_owned());
            }
        }
        // Resolved under any name where its own is wrong, so that its other problems are found as well.
        let Ok(stand_in) = ProbeName::new("probe") else { continue };
        let is_named = name.is_some();
        let resolved = probe(raw, name.unwrap_or(stand_in), context).filter(|_| is_named);
        if let (Some(probe), Some(PlatformKind::Host | PlatformKind::Exec | PlatformKind::Traffic)) = (&resolved, kind)
        {
            refuse_container(probe, raw, "the service does not run in a container", context);
        }
        probes.extend(resolved.map(|probe| (probe.name.clone(), probe)));
    }
    if kind.is_some_and(PlatformKind::has_instances) {
        add_container(raw, &mut probes, context);
    }
    probes
}

/// Adds the probe that every service has whose platform knows its instances, unless one of its kind is configured.
fn add_container(raw: &RawService, probes: &mut BTreeMap<ProbeName, Probe>, context: &mut Context<'_>) {
    if probes.values().any(|probe| matches!(probe.kind, ProbeKind::Container)) {
        return;
    }
    let Some(implicit) = implicit_container() else { return };
    let named = raw.probes.value().and_then(|map| map.0.iter().find(|entry| entry.key == implicit.name.as_str()));
    match named {
        None => {
            probes.insert(implicit.name.clone(), implicit);
        }
        Some(entry) => {
            let message = "`container` is the name of the probe that every such service has".to_owned();
            context.error(ProblemCode::InvalidName, entry.at, message, "call it something else".to_owned());
        }
    }
}
