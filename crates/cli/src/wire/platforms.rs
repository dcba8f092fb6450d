//! From the configuration to adapters: one Compose platform a project, one host platform, one platform for the user's own
//! commands, and the prober that knows them all.

use std::collections::BTreeMap;
use std::sync::Arc;

use backout_adapters::compose::{ComposeOptions, ComposePlatform, DockerOptions};
use backout_adapters::exec::{ExecOptions, ExecPlatform};
use backout_adapters::fallback::FallbackSwitch;
use backout_adapters::host::{HostOptions, HostPlatform};
use backout_adapters::probe::{ContainerExec, ProbeClient, PromClient, Wiring};
use backout_adapters::secret::Secrets;
use backout_adapters::traffic::{Lead, TrafficOptions, TrafficPlatform};
use backout_core::config::{ComposeProject, ExecService, HostService, HostSource, ServicePlatform, TrafficService};
use backout_core::id::ServiceName;
use backout_core::port::{Inside, Platform, Prober, Querier, Switchboard};
use backout_engine::Hosted;
use backout_engine::clock::SystemClock;

use super::Setup;
use super::barriers::barrier;

/// The platforms of an environment, its prober, and who asks for its signals.
pub(crate) struct Platforms {
    pub(crate) hosted: Vec<Hosted>,
    pub(crate) prober: Arc<dyn Prober>,
    pub(super) querier: Arc<dyn Querier>,
    /// Where programs can be run beside a service, for its migrations.
    pub(super) inside: Vec<(Vec<ServiceName>, Arc<dyn Inside>)>,
}

/// Services by what runs them.
#[derive(Default)]
struct ByPlatform<'a> {
    compose: Vec<(&'a ComposeProject, BTreeMap<ServiceName, String>)>,
    host: BTreeMap<ServiceName, HostService>,
    exec: BTreeMap<ServiceName, ExecService>,
    traffic: BTreeMap<ServiceName, Lead>,
}

/// Sets the platforms up. None of them is connected to yet.
pub(crate) fn platforms(setup: &Setup) -> Platforms {
    let by = by_platform(setup);
    let secrets = Arc::new(Secrets::new(setup.process.variables.clone(), setup.found.folder()));
    let mut hosted = Vec::new();
    let mut inside: Vec<(Vec<ServiceName>, Arc<dyn Inside>)> = Vec::new();
    let mut containers: Vec<(Vec<ServiceName>, Arc<dyn ContainerExec>)> = Vec::new();
    for (project, services) in by.compose {
        let names: Vec<ServiceName> = services.keys().cloned().collect();
        let platform = Arc::new(ComposePlatform::new(compose_options(setup, project, services), Arc::new(SystemClock)));
        containers.push((names.clone(), platform.clone()));
        inside.push((names.clone(), platform.clone()));
        hosted.push(Hosted { platform, services: names });
    }
    if !by.host.is_empty() {
        let platform = Arc::new(HostPlatform::new(&by.host, host_options(setup, &secrets)));
        let services: Vec<ServiceName> = by.host.into_keys().collect();
        inside.push((services.clone(), platform.clone()));
        hosted.push(Hosted { platform, services });
    }
    if !by.exec.is_empty() {
        let options = ExecOptions {
            environment: setup.process.variables.clone(),
            folder: setup.found.folder().to_path_buf(),
            clock: Arc::new(SystemClock),
        };
        let platform = Arc::new(ExecPlatform::new(&by.exec, options));
        hosted.push(Hosted { platform, services: by.exec.into_keys().collect() });
    }
    hosted.extend(traffic(setup, by.traffic));
    let clustered = super::clusters::clustered(setup);
    hosted.extend(clustered.hosted);
    for (names, programs) in clustered.programs {
        containers.push((names.clone(), Arc::clone(&programs) as _));
        inside.push((names, programs));
    }
    let folder = setup.found.folder().to_path_buf();
    let querier = Arc::new(PromClient::new(Arc::clone(&secrets), folder, Arc::new(SystemClock)));
    let prober = prober(setup, secrets, &hosted, containers);
    Platforms { hosted, prober, querier, inside }
}

/// What switches fallbacks.
pub(crate) fn switchboard(setup: &Setup) -> Arc<dyn Switchboard> {
    let secrets = Arc::new(Secrets::new(setup.process.variables.clone(), setup.found.folder()));
    Arc::new(FallbackSwitch::new(setup.process.variables.clone(), setup.found.folder(), secrets))
}

/// The host services of an environment as one platform: for what a deploy does to them, and no rollback.
pub(crate) fn host_platform(setup: &Setup) -> HostPlatform {
    let secrets = Arc::new(Secrets::new(setup.process.variables.clone(), setup.found.folder()));
    HostPlatform::new(&by_platform(setup).host, host_options(setup, &secrets))
}

fn by_platform(setup: &Setup) -> ByPlatform<'_> {
    let mut by = ByPlatform::default();
    for (name, service) in &setup.environment.services {
        match &service.platform {
            ServicePlatform::Compose(project) => {
                let known = by.compose.iter_mut().find(|(other, _)| is_same_project(other, project));
                match known {
                    Some((_, services)) => drop(services.insert(name.clone(), project.service.clone())),
                    None => by.compose.push((project, BTreeMap::from([(name.clone(), project.service.clone())]))),
                }
            }
            ServicePlatform::Host(host) => drop(by.host.insert(name.clone(), absolute(setup, host))),
            ServicePlatform::Exec(exec) => drop(by.exec.insert(name.clone(), exec.clone())),
            ServicePlatform::Traffic(traffic) => drop(by.traffic.insert(name.clone(), lead(setup, traffic))),
            ServicePlatform::Kubernetes(_) | ServicePlatform::Helm(_) | ServicePlatform::Argocd(_) => {}
        }
    }
    by
}

fn lead(setup: &Setup, service: &TrafficService) -> Lead {
    let by = service.to.iter().map(|(to, kind)| (to.clone(), barrier(setup, kind))).collect();
    Lead { service: service.clone(), by }
}

/// What leads users to one of several services, where the environment has such.
fn traffic(setup: &Setup, leads: BTreeMap<ServiceName, Lead>) -> Option<Hosted> {
    let services: Vec<ServiceName> = leads.keys().cloned().collect();
    let folder = setup.state.root().join("traffic").join(setup.environment.name.as_str());
    let options = TrafficOptions { folder, clock: Arc::new(SystemClock) };
    let platform = Arc::new(TrafficPlatform::new(leads, options));
    (!services.is_empty()).then_some(Hosted { platform, services })
}

/// Whether two services belong to one project on one engine.
fn is_same_project(a: &ComposeProject, b: &ComposeProject) -> bool {
    let without_service = |project: &ComposeProject| ComposeProject { service: String::new(), ..project.clone() };
    without_service(a) == without_service(b)
}

pub(super) fn compose_options(
    setup: &Setup,
    project: &ComposeProject,
    services: BTreeMap<ServiceName, String>,
) -> ComposeOptions {
    ComposeOptions {
        project: project.project.clone(),
        folder: setup.found.folder().to_path_buf(),
        files: project.files.clone(),
        env_files: project.env_files.clone(),
        profiles: project.profiles.clone(),
        services,
        docker: DockerOptions {
            host: project.host.clone(),
            context: project.context.clone(),
            ..DockerOptions::from_environment(setup.process.variables.clone())
        },
    }
}

fn host_options(setup: &Setup, secrets: &Arc<Secrets>) -> HostOptions {
    HostOptions {
        environment: setup.process.variables.clone(),
        folder: setup.state.root().join("host").join(setup.environment.name.as_str()),
        supervisor: vec![setup.process.program.display().to_string(), "supervise".to_owned()],
        is_bus_used: true,
        secrets: Arc::clone(secrets),
        clock: Arc::new(SystemClock),
    }
}

/// The same service with its folders as absolute paths.
fn absolute(setup: &Setup, host: &HostService) -> HostService {
    let absolute = |root: &String| setup.absolute(root).display().to_string();
    let source = match &host.source {
        HostSource::Releases { root } => HostSource::Releases { root: absolute(root) },
        HostSource::Git { root, branch, mode } => {
            HostSource::Git { root: absolute(root), branch: branch.clone(), mode: *mode }
        }
        HostSource::None => HostSource::None,
    };
    HostService { source, ..host.clone() }
}

fn prober(
    setup: &Setup,
    secrets: Arc<Secrets>,
    hosted: &[Hosted],
    containers: Vec<(Vec<ServiceName>, Arc<dyn ContainerExec>)>,
) -> Arc<dyn Prober> {
    let environment = setup.process.variables.clone();
    let folder = setup.found.folder().to_path_buf();
    let platforms: Vec<(Vec<ServiceName>, Arc<dyn Platform>)> =
        hosted.iter().map(|hosted| (hosted.services.clone(), Arc::clone(&hosted.platform))).collect();
    Arc::new(ProbeClient::new(Wiring {
        secrets,
        environment,
        folder,
        containers,
        platforms,
        clock: Arc::new(SystemClock),
    }))
}
