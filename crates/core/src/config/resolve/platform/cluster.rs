//! What a service is on a cluster.

use std::time::Duration;

use crate::config::leaf::Period;
use crate::config::raw::{RawArgocd, RawHelm, RawKubernetes, RawService};
use crate::config::read::{Field, Located, OneOrMany};
use crate::config::resolve::context::Context;
use crate::config::{
    ArgocdRevert, ArgocdService, ClusterAccess, HelmService, KubernetesService, ProblemCode, WorkloadKind,
};

/// Where Argo CD lives by its own manifests.
const ARGOCD: &str = "argocd";

/// Reads a macro-made type that says which cluster, and as whom. `helm` cannot be told an id, so it is not read for all.
macro_rules! access {
    ($raw:expr, $context:expr) => {
        ClusterAccess {
            kubeconfig: $context.value(&$raw.kubeconfig),
            context: $context.value(&$raw.context),
            namespace: $context.value(&$raw.namespace),
            impersonate: $context.value(&$raw.r#as),
            impersonate_groups: $context.list(&$raw.as_groups),
            impersonate_uid: None,
        }
    };
}

pub(super) fn kubernetes_access(raw: &RawKubernetes, context: &mut Context<'_>) -> ClusterAccess {
    ClusterAccess { impersonate_uid: context.value(&raw.as_uid), ..access!(raw, context) }
}

pub(super) fn helm_access(raw: &RawHelm, context: &mut Context<'_>) -> (ClusterAccess, String) {
    (access!(raw, context), context.value(&raw.program).unwrap_or_else(|| "helm".to_owned()))
}

pub(super) fn argocd_access(raw: &RawArgocd, context: &mut Context<'_>) -> ClusterAccess {
    let mut access = ClusterAccess { impersonate_uid: context.value(&raw.as_uid), ..access!(raw, context) };
    access.namespace.get_or_insert_with(|| ARGOCD.to_owned());
    access
}

/// A workload: exactly one of the keys of its kinds names it; without any, it is the Deployment of the service's name.
pub(super) fn workload(
    name: &str,
    raw: &RawService,
    cluster: ClusterAccess,
    context: &mut Context<'_>,
) -> Option<KubernetesService> {
    let kinds = [
        (WorkloadKind::Deployment, &raw.deployment),
        (WorkloadKind::StatefulSet, &raw.statefulset),
        (WorkloadKind::DaemonSet, &raw.daemonset),
        (WorkloadKind::Rollout, &raw.rollout),
    ];
    let given: Vec<_> = kinds.into_iter().filter(|(_, field)| !field.is_absent()).collect();
    let (secrets, ready_within) = (context.value(&raw.secrets).unwrap_or_default(), ready_within(raw, context));
    let (kind, name) = match given.as_slice() {
        [] => (WorkloadKind::Deployment, name.to_owned()),
        [(kind, field)] => (*kind, context.value(field)?),
        [.., (_, last)] => {
            let message = "`deployment`, `statefulset`, `daemonset` and `rollout` exclude each other".to_owned();
            context.contradiction(last.key().unwrap_or(raw.at()), message, "keep one".to_owned());
            return None;
        }
    };
    let service = KubernetesService { cluster, kind, name, secrets, ready_within };
    is_resource_name(&service.name, raw, context).then_some(service)
}

/// A release; of the service's name, where the configuration does not say.
pub(super) fn release(
    name: &str,
    raw: &RawService,
    (cluster, program): (ClusterAccess, String),
    context: &mut Context<'_>,
) -> Option<HelmService> {
    let (release, ready_within) = (named(&raw.release, name, context)?, ready_within(raw, context));
    let exec_in = context.value(&raw.exec_in);
    is_resource_name(&release, raw, context).then_some(HelmService { cluster, program, release, ready_within, exec_in })
}

fn ready_within(raw: &RawService, context: &mut Context<'_>) -> Option<Duration> {
    context.value(&raw.ready_within).map(|Period(within)| within)
}

/// The Services that lead to it. Whether its platform has such is looked at elsewhere.
pub(in crate::config::resolve) fn reached_by(raw: &RawService, context: &mut Context<'_>) -> Vec<String> {
    let names = match raw.reached_by.value() {
        None => &[][..],
        Some(OneOrMany::One(name)) => std::slice::from_ref(name),
        Some(OneOrMany::Many(names)) => names.as_slice(),
    };
    let names: Vec<String> = names.iter().filter_map(|name| context.scalar(name)).collect();
    names.into_iter().filter(|name| is_resource_name(name, raw, context)).collect()
}

/// An Application; of the service's name, where the configuration does not say.
pub(super) fn application(
    name: &str,
    raw: &RawService,
    cluster: ClusterAccess,
    context: &mut Context<'_>,
) -> Option<ArgocdService> {
    let application = named(&raw.application, name, context)?;
    let revert = raw.revert.value().map(|revert| ArgocdRevert {
        repository: context.value(&revert.repository),
        branch: context.value(&revert.branch),
        publish: context.argv(&revert.publish),
    });
    let exec_in = context.value(&raw.exec_in);
    is_resource_name(&application, raw, context).then_some(ArgocdService { cluster, application, revert, exec_in })
}

fn named(field: &Field<crate::config::read::Scalar<String>>, name: &str, context: &mut Context<'_>) -> Option<String> {
    if field.is_absent() { Some(name.to_owned()) } else { context.value(field) }
}

/// Whether a cluster can have something of that name: at most 253 lower-case letters, digits, `-` and `.`.
fn is_resource_name(name: &str, raw: &RawService, context: &mut Context<'_>) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (first, last) = (name.bytes().next(), name.bytes().last());
    let is_one = name.len() <= 253
        && first.is_some_and(is_plain)
        && last.is_some_and(is_plain)
        && name.bytes().all(|byte| is_plain(byte) || byte == b'-' || byte == b'.');
    if !is_one {
        let message = format!("`{name}` cannot be the name of anything in a cluster");
        let hint = "name it as the cluster does: lower-case letters, digits, `-` and `.`".to_owned();
        context.error(ProblemCode::InvalidName, raw.at(), message, hint);
    }
    is_one
}
