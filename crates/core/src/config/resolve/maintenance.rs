//! Maintenance mode.

use std::collections::BTreeMap;

use super::context::Context;
use super::probe::{probe, refuse_container};
use crate::config::leaf::{Positive, Word};
use crate::config::raw::{RawMaintenance, RawMaintenanceCluster, RawMaintenanceCompose, RawMaintenanceFile};
use crate::config::read::{Field, Located};
use crate::config::{BarrierFile, BarrierKind, Maintenance, Probe, Redirect, Service, ServicePlatform, WhenOn};
use crate::id::{ProbeName, ServiceName};

/// How maintenance mode is switched. Without the key: not at all.
pub(super) fn maintenance(
    field: &Field<RawMaintenance>,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Maintenance {
    let Some(raw) = field.value() else { return Maintenance::default() };
    let command = raw.command.value().and_then(|command| {
        Some(BarrierKind::Command { on: context.argv(&command.on)?, off: context.argv(&command.off)? })
    });
    let file = raw.file.value().and_then(|file| barrier_file(file, context)).map(BarrierKind::File);
    let cluster = raw.cluster.value().and_then(|cluster| redirected(cluster, services, context));
    let compose = raw.compose.value().and_then(|compose| profile(compose, services, context));
    let is_given =
        [raw.command.key(), raw.file.key(), raw.cluster.key(), raw.compose.key()].iter().any(Option::is_some);
    if !is_given {
        let hint = "write at least one of `command`, `file`, `cluster` and `compose`".to_owned();
        context.contradiction(raw.at(), "`maintenance` switches nothing".to_owned(), hint);
    }
    Maintenance {
        barriers: [command, file, cluster, compose].into_iter().flatten().collect(),
        page: page(raw, context),
        automatic: context.value(&raw.automatic).unwrap_or(true),
    }
}

fn page(raw: &RawMaintenance, context: &mut Context<'_>) -> Option<Probe> {
    let raw = raw.page.value()?;
    let page = probe(raw, ProbeName::new("page").ok()?, context)?;
    refuse_container(&page, raw, "the page belongs to no service, so it has no container", context);
    Some(page)
}

fn barrier_file(raw: &RawMaintenanceFile, context: &mut Context<'_>) -> Option<BarrierFile> {
    let given = [raw.create.key(), raw.remove.key(), raw.link.key()];
    let is_one = context.has_one(raw.at(), &given, "file", "`create`, `remove` and `link`");
    let (create, remove, link) = (context.value(&raw.create), context.value(&raw.remove), context.value(&raw.link));
    let (to, content) = (context.value(&raw.to), context.value(&raw.content));
    let (check, reload) = (context.argv(&raw.check), context.argv(&raw.reload));
    for (key, at, owner, is_there) in
        [("to", raw.to.key(), "link", link.is_some()), ("content", raw.content.key(), "create", create.is_some())]
    {
        if let Some(at) = at.filter(|_| !is_there) {
            context.contradiction(
                at,
                format!("`{key}` is about `{owner}`, which is not given"),
                format!("remove `{key}`"),
            );
        }
    }
    let (path, when_on) = match (create, remove, link, to) {
        (Some(path), ..) => (path, WhenOn::There(content.unwrap_or_default())),
        (None, Some(path), ..) => (path, WhenOn::Absent),
        (None, None, Some(path), Some(to)) => (path, WhenOn::Link(to)),
        (None, None, Some(_), None) => {
            let hint = "write `to: PATH`, where the link leads while maintenance mode is on".to_owned();
            context.contradiction(raw.at(), "`link` leads nowhere".to_owned(), hint);
            return None;
        }
        (None, None, None, _) => return None,
    };
    is_one.then_some(BarrierFile { path, when_on, check, reload })
}

/// The cluster is that of the environment's services; one that has several must switch it by a command.
fn redirected(
    raw: &RawMaintenanceCluster,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Option<BarrierKind> {
    let is_one =
        context.has_one(raw.at(), &[raw.service.key(), raw.ingress.key()], "cluster", "`service` and `ingress`");
    let (service, ingress) = (context.value(&raw.service), context.value(&raw.ingress));
    let (backend, port) = (context.value(&raw.backend), context.value(&raw.port));
    let labels = raw.selector.value().map(|map| map.0.as_slice()).unwrap_or_default();
    let selector: BTreeMap<String, String> = labels
        .iter()
        .filter_map(|label| Some((label.key.clone(), context.scalar(label.value.as_ref()?)?)))
        .map(|(key, Word(value))| (key, value))
        .collect();
    let redirect = match (service, ingress, backend) {
        (Some(Word(name)), _, _) if !selector.is_empty() => Redirect::Service { name, selector },
        (None, Some(Word(name)), Some(Word(backend))) => {
            Redirect::Ingress { name, backend, port: port.map_or(80, |Positive(port)| port) }
        }
        _ => {
            let hint =
                "write `{ service: NAME, selector: { app: maintenance } }`, or `{ ingress: NAME, backend: SERVICE }`";
            context.contradiction(raw.at(), "`cluster` leads nowhere".to_owned(), hint.to_owned());
            return None;
        }
    };
    let cluster = services.values().find_map(|service| match &service.platform {
        ServicePlatform::Kubernetes(workload) => Some(workload.cluster.clone()),
        ServicePlatform::Helm(release) => Some(release.cluster.clone()),
        _ => None,
    });
    if cluster.is_none() {
        let hint = "switch it by a `command` or a `file`".to_owned();
        context.contradiction(raw.at(), "no service of this environment is on a cluster".to_owned(), hint);
    }
    is_one.then_some(BarrierKind::Cluster { cluster: cluster?, redirect })
}

/// The project is that of the environment's services; one that has several must switch it by a command.
fn profile(
    raw: &RawMaintenanceCompose,
    services: &BTreeMap<ServiceName, Service>,
    context: &mut Context<'_>,
) -> Option<BarrierKind> {
    let Word(profile) = context.value(&raw.profile)?;
    let names = context.list(&raw.services).into_iter().map(|Word(name)| name).collect();
    let project = services.values().find_map(|service| match &service.platform {
        ServicePlatform::Compose(project) => Some(project.clone()),
        _ => None,
    });
    if project.is_none() {
        let hint = "switch it by a `command` or a `file`".to_owned();
        context.contradiction(raw.at(), "no service of this environment is on Compose".to_owned(), hint);
    }
    Some(BarrierKind::Compose { project: project?, profile, services: names })
}
