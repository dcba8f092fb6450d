//! What a service is on its platform.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cluster::{application, argocd_access, helm_access, kubernetes_access, release, workload};
use super::foreign::foreign;
use super::traffic::traffic;
use crate::config::leaf::{Period, is_variable};
use crate::config::raw::{RawCompose, RawGit, RawPlatform, RawService};
use crate::config::read::{Either, Field, Located};
use crate::config::resolve::context::Context;
use crate::config::{
    ClusterAccess, ComposeProject, ExecService, GitMode, HostManage, HostService, HostSource, ProblemCode,
    SecretOrText, ServicePlatform, Span,
};
use crate::inventory::PlatformKind;

/// A platform, before it is known which service it runs.
#[derive(Debug, Clone)]
pub(in crate::config::resolve) enum Base {
    /// A Compose project; its `service` is empty.
    Compose(ComposeProject),
    /// A plain host.
    Host,
    /// The user's own commands.
    Exec,
    /// A Kubernetes cluster.
    Kubernetes(ClusterAccess),
    /// Helm: the cluster and the program.
    Helm(ClusterAccess, String),
    /// Argo CD: its cluster and namespace.
    Argocd(ClusterAccess),
}

impl Base {
    fn kind(&self) -> PlatformKind {
        match self {
            Base::Compose(_) => PlatformKind::Compose,
            Base::Host => PlatformKind::Host,
            Base::Exec => PlatformKind::Exec,
            Base::Kubernetes(_) => PlatformKind::Kubernetes,
            Base::Helm(..) => PlatformKind::Helm,
            Base::Argocd(_) => PlatformKind::Argocd,
        }
    }

    /// The cluster whose Services can lead users somewhere.
    fn cluster(&self) -> Option<&ClusterAccess> {
        match self {
            Base::Kubernetes(access) | Base::Helm(access, _) => Some(access),
            Base::Compose(_) | Base::Host | Base::Exec | Base::Argocd(_) => None,
        }
    }
}

/// Reads a `platform` key.
pub(in crate::config::resolve) fn base(field: &Field<RawPlatform>, context: &mut Context<'_>) -> Field<Base> {
    let Field::Given(key, raw) = field else {
        return field.key().map_or(Field::Absent, Field::Invalid);
    };
    let keys =
        [raw.compose.key(), raw.host.key(), raw.exec.key(), raw.kubernetes.key(), raw.helm.key(), raw.argocd.key()];
    let given: Vec<Span> = keys.into_iter().flatten().collect();
    match given.as_slice() {
        [_] => {}
        [] => {
            let hint = "write one of `compose`, `kubernetes`, `helm`, `argocd`, `host` and `exec`: `platform: { compose: {} }`"
                .to_owned();
            context.contradiction(*key, "`platform` names no platform".to_owned(), hint);
            return Field::Invalid(*key);
        }
        [.., last] => {
            let hint = "keep one, and give services on the other their own `platform`".to_owned();
            context.contradiction(*last, "`platform` names more than one platform".to_owned(), hint);
            return Field::Invalid(*key);
        }
    }
    match one_of(raw, context) {
        Some(base) => Field::Given(*key, base),
        None => Field::Invalid(*key),
    }
}

/// The one platform that is given; `None` where its value could not be read.
fn one_of(raw: &RawPlatform, context: &mut Context<'_>) -> Option<Base> {
    if let Some(compose) = raw.compose.value() {
        return Some(Base::Compose(project(compose, context)));
    }
    if let Some(kubernetes) = raw.kubernetes.value() {
        return Some(Base::Kubernetes(kubernetes_access(kubernetes, context)));
    }
    if let Some(helm) = raw.helm.value() {
        let (access, program) = helm_access(helm, context);
        return Some(Base::Helm(access, program));
    }
    if let Some(argocd) = raw.argocd.value() {
        return Some(Base::Argocd(argocd_access(argocd, context)));
    }
    raw.host.value().map(|_| Base::Host).or(raw.exec.value().map(|_| Base::Exec))
}

fn project(raw: &RawCompose, context: &mut Context<'_>) -> ComposeProject {
    if let (Some(_), Some(host)) = (raw.context.key(), raw.host.key()) {
        context.contradiction(host, "`host` and `context` exclude each other".to_owned(), "keep one".to_owned());
    }
    ComposeProject {
        files: context.list(&raw.files),
        env_files: context.list(&raw.env_files),
        project: context.value(&raw.project),
        profiles: context.list(&raw.profiles),
        service: String::new(),
        context: context.value(&raw.context),
        host: context.value(&raw.host),
    }
}

/// Says what a service is on its platform: its own, or else the environment's.
pub(in crate::config::resolve) fn platform(
    name: &str,
    raw: &RawService,
    default: &Field<Base>,
    context: &mut Context<'_>,
) -> Option<ServicePlatform> {
    let own = base(&raw.platform, context);
    if !raw.traffic.is_absent() {
        let cluster = own.value().or(default.value()).and_then(Base::cluster).cloned();
        foreign(name, raw, PlatformKind::Traffic, context);
        return traffic(raw.traffic.value()?, cluster, context).map(ServicePlatform::Traffic);
    }
    let base = match (&own, default) {
        (Field::Given(_, base), _) | (Field::Absent, Field::Given(_, base)) => base.clone(),
        (Field::Absent, Field::Absent) => {
            let hint = "set `platform` for the environment, or for the service: `platform: { host: {} }`".to_owned();
            context.error(ProblemCode::MissingKey, raw.at(), format!("nothing says what runs `{name}`"), hint);
            return None;
        }
        _ => return None,
    };
    foreign(name, raw, base.kind(), context);
    match base {
        Base::Compose(project) => {
            let service = context.value(&raw.service).unwrap_or_else(|| name.to_owned());
            Some(ServicePlatform::Compose(ComposeProject { service, ..project }))
        }
        Base::Host => host(name, raw, context).map(ServicePlatform::Host),
        Base::Exec => exec(name, raw, context).map(ServicePlatform::Exec),
        Base::Kubernetes(access) => workload(name, raw, access, context).map(ServicePlatform::Kubernetes),
        Base::Helm(access, program) => release(name, raw, (access, program), context).map(ServicePlatform::Helm),
        Base::Argocd(access) => application(name, raw, access, context).map(ServicePlatform::Argocd),
    }
}

fn host(name: &str, raw: &RawService, context: &mut Context<'_>) -> Option<HostService> {
    let is_restorable = has_something_to_restore(name, raw, context);
    let source = source(raw, context);
    let build = context.argv(&raw.build);
    if let (Some(at), true, true) = (raw.build.key(), raw.git.is_absent(), raw.releases.is_absent()) {
        let hint = "name the versions with `git` or `releases`".to_owned();
        context.contradiction(at, "`build` has nothing to build".to_owned(), hint);
    }
    let manage = if is_restorable { manage(name, raw, context) } else { None };
    Some(HostService { source: source?, build, manage: manage? })
}

/// Whether there is a version, a command or a configuration file that can go back.
fn has_something_to_restore(name: &str, raw: &RawService, context: &mut Context<'_>) -> bool {
    let files = raw.artifacts.value().map(|raw| &raw.config);
    let keys = [raw.git.key(), raw.releases.key(), raw.command.key(), files.and_then(Field::key)];
    let is_restorable = keys.iter().any(Option::is_some);
    if !is_restorable {
        let hint = "add `git`, `releases` or `command`, or files under `artifacts`: `{ config: [...] }`".to_owned();
        context.contradiction(raw.at(), format!("nothing says what goes back when `{name}` does"), hint);
    }
    is_restorable
}

fn source(raw: &RawService, context: &mut Context<'_>) -> Option<HostSource> {
    if let (Some(_), Some(at)) = (raw.git.key(), raw.releases.key()) {
        context.contradiction(at, "`releases` and `git` exclude each other".to_owned(), "keep one".to_owned());
    }
    match (&raw.git, &raw.releases) {
        (Field::Given(_, Either::Short(root)), _) => {
            let root = context.scalar(root)?;
            Some(HostSource::Git { root, branch: None, mode: GitMode::default() })
        }
        (Field::Given(_, Either::Long(git)), _) => work_tree(git, context),
        (Field::Absent, Field::Absent) => Some(HostSource::None),
        (_, releases) => context.value(releases).map(|root| HostSource::Releases { root }),
    }
}

fn work_tree(raw: &RawGit, context: &mut Context<'_>) -> Option<HostSource> {
    let branch = context.value(&raw.branch);
    let mode = context.value(&raw.mode).unwrap_or_default();
    Some(HostSource::Git { root: context.value(&raw.root)?, branch, mode })
}

fn manage(name: &str, raw: &RawService, context: &mut Context<'_>) -> Option<HostManage> {
    let given: Vec<Span> = [raw.units.key(), raw.command.key(), raw.run.key()].into_iter().flatten().collect();
    match given.as_slice() {
        [_] => {}
        [] => {
            let message = format!("nothing says how `{name}` is restarted");
            context.contradiction(raw.at(), message, "add `units`, `command` or `run`".to_owned());
            return None;
        }
        [.., last] => {
            let message = "`units`, `command` and `run` exclude each other".to_owned();
            context.contradiction(*last, message, "keep one".to_owned());
        }
    }
    if let (Some(at), true) = (raw.env.key(), raw.run.is_absent()) {
        context.contradiction(at, "`env` is for `run`, which is not set".to_owned(), None);
    }
    if let Some(key) = raw.units.key() {
        let units = context.list(&raw.units);
        if raw.units.value().is_some_and(|list| list.0.is_empty()) {
            context.error(ProblemCode::InvalidValue, key, "`units` is empty".to_owned(), "name a unit".to_owned());
        }
        return (!units.is_empty()).then_some(HostManage::Units(units));
    }
    if let Some(command) = raw.command.value() {
        let status = context.argv(&command.status);
        return Some(HostManage::Command { restart: context.argv(&command.restart)?, status });
    }
    let run = context.argv(&raw.run);
    let env = variables(raw, context);
    Some(HostManage::Supervised { run: run?, env })
}

fn variables(raw: &RawService, context: &mut Context<'_>) -> BTreeMap<String, SecretOrText> {
    let mut variables = BTreeMap::new();
    for entry in raw.env.value().map(|map| map.0.as_slice()).unwrap_or_default() {
        if !is_variable(&entry.key) {
            let message = format!("`{}` is not the name of an environment variable", entry.key);
            context.error(ProblemCode::InvalidName, entry.at, message, None);
        }
        let is_secret = if sounds_secret(&entry.key) { |text: &str| !text.contains("${") } else { |_: &str| false };
        let value = entry.value.as_ref().and_then(|scalar| context.secret(scalar, is_secret));
        variables.extend(value.map(|value| (entry.key.clone(), value)));
    }
    variables
}

/// Whether a variable or header of this name holds a secret more likely than not.
pub(in crate::config::resolve) fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let whole = ["authorization", "proxy_authorization", "cookie"];
    let parts = ["password", "passwd", "secret", "token", "api_key", "apikey", "private_key"];
    whole.contains(&name.as_str()) || parts.iter().any(|part| name.contains(part))
}

fn exec(name: &str, raw: &RawService, context: &mut Context<'_>) -> Option<ExecService> {
    for (key, field) in [("observe", &raw.observe), ("capture", &raw.capture), ("restore", &raw.restore)] {
        if field.is_absent() {
            let message = format!("`{name}` lacks the key `{key}`, which platform `exec` needs");
            context.error(ProblemCode::MissingKey, raw.at(), message, None);
        }
    }
    let (observe, capture) = (context.argv(&raw.observe), context.argv(&raw.capture));
    let (restore, preflight) = (context.argv(&raw.restore), context.argv(&raw.preflight));
    let (events, timeout) = (context.argv(&raw.events), context.value(&raw.timeout));
    Some(ExecService {
        observe: observe?,
        capture: capture?,
        restore: restore?,
        preflight,
        events,
        timeout: timeout.map_or(Duration::from_secs(300), |Period(timeout)| timeout),
    })
}
