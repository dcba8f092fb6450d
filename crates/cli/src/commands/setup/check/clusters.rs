//! Clusters: whether each answers, what the account may do there, and the program that Helm releases need.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use backout_adapters::command::{Command, Environment as Variables};
use backout_clusters::{
    Account, Cluster, ClusterOptions, FoundWorkload, Permission, Ward, found, manifest, missing_namespace, permissions,
};
use backout_core::config::{
    BarrierKind, ClusterAccess, Environment, Place, Probe, ProbeKind, Redirect, Service, ServicePlatform,
};

use super::finding::Finding;
use crate::wire::{Setup, cluster};

/// A credential plugin may take twenty seconds of it.
const LIMIT: Duration = Duration::from_secs(30);
/// The service account that a printed role is for.
const ACCOUNT: &str = "backout";
/// The namespace of what says none, where the kubeconfig cannot be read.
const NAMESPACE: &str = "default";

/// Every cluster of the environment, and every program. Nothing where no service is on one.
pub(super) async fn clusters(setup: &Setup) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (access, wards) in wards(&setup.environment) {
        findings.push(rights(setup, &access, &wards).await);
        findings.extend(applied(setup, &access).await);
    }
    for program in programs(&setup.environment) {
        findings.push(version(setup, program).await);
    }
    findings
}

/// The role that is just enough for the environment, as YAML for `kubectl apply`.
/// What names no namespace gets that of its context; nothing is asked of the clusters for that.
pub(super) async fn role(environment: &Environment, folder: &Path, variables: &Variables) -> String {
    let mut by_namespace: BTreeMap<String, Vec<Ward>> = BTreeMap::new();
    for (access, wards) in wards(environment) {
        let (folder, environment) = (folder.to_path_buf(), variables.clone());
        let cluster = Cluster::new(ClusterOptions { access, folder, environment });
        let namespace = cluster.namespace().await.unwrap_or(NAMESPACE).to_owned();
        by_namespace.entry(namespace).or_default().extend(wards);
    }
    let namespace = by_namespace.keys().next().cloned().unwrap_or_else(|| NAMESPACE.to_owned());
    manifest(&by_namespace, &Account { name: ACCOUNT.to_owned(), namespace })
}

fn wards(environment: &Environment) -> BTreeMap<ClusterAccess, Vec<Ward>> {
    let mut wards: BTreeMap<ClusterAccess, Vec<Ward>> = BTreeMap::new();
    let services = environment.services.values().flat_map(|service| of_service(&service.platform));
    let barriers = environment.maintenance.barriers.iter().filter_map(of_barrier);
    let led = environment.services.values().filter_map(reached);
    for (access, ward) in services.chain(pods(environment)).chain(led).chain(barriers) {
        let of_cluster = wards.entry(access.clone()).or_default();
        if !of_cluster.contains(&ward) {
            of_cluster.push(ward);
        }
    }
    wards
}

fn of_service(platform: &ServicePlatform) -> Vec<(&ClusterAccess, Ward)> {
    match platform {
        ServicePlatform::Kubernetes(workload) => {
            vec![(&workload.cluster, Ward::workload(workload.kind, workload.secrets))]
        }
        ServicePlatform::Helm(release) => vec![(&release.cluster, Ward::Release)],
        ServicePlatform::Argocd(application) => vec![(&application.cluster, Ward::Application)],
        ServicePlatform::Traffic(traffic) => traffic.to.values().filter_map(of_barrier).collect(),
        ServicePlatform::Compose(_) | ServicePlatform::Host(_) | ServicePlatform::Exec(_) => Vec::new(),
    }
}

fn of_barrier(kind: &BarrierKind) -> Option<(&ClusterAccess, Ward)> {
    match kind {
        BarrierKind::Cluster { cluster, redirect: Redirect::Service { .. } } => Some((cluster, Ward::Service)),
        BarrierKind::Cluster { cluster, redirect: Redirect::Ingress { .. } } => Some((cluster, Ward::Ingress)),
        BarrierKind::Command { .. } | BarrierKind::File(_) | BarrierKind::Compose { .. } => None,
    }
}

/// The pods in which programs are run. Those of an Application are in namespaces that only Argo CD knows.
fn pods(environment: &Environment) -> impl Iterator<Item = (&ClusterAccess, Ward)> {
    let services = environment.services.values().filter(|service| runs_programs(environment, service));
    services.filter_map(|service| match &service.platform {
        ServicePlatform::Kubernetes(workload) => Some((&workload.cluster, Ward::Programs)),
        ServicePlatform::Helm(release) => Some((&release.cluster, Ward::Programs)),
        _ => None,
    })
}

/// What leads to a service. Where the pods of an Application are, only Argo CD knows.
fn reached(service: &Service) -> Option<(&ClusterAccess, Ward)> {
    let access = match &service.platform {
        ServicePlatform::Kubernetes(workload) => &workload.cluster,
        ServicePlatform::Helm(release) => &release.cluster,
        _ => return None,
    };
    (!service.reached_by.is_empty()).then_some((access, Ward::Reached))
}

/// Whether programs are run where a service runs: its migrations, its probes, or checks.
fn runs_programs(environment: &Environment, service: &Service) -> bool {
    let is_inside = |probe: &Probe| matches!(probe.kind, ProbeKind::Exec { place: Place::Container, .. });
    let mut migrations = environment.databases.values().filter_map(|database| database.migrations.as_ref());
    migrations.any(|migrations| migrations.service.as_ref() == Some(&service.name))
        || service.probes.values().any(is_inside)
        || environment.verify.smoke.iter().any(|smoke| smoke.service.as_ref() == Some(&service.name))
}

async fn rights(setup: &Setup, access: &ClusterAccess, wards: &[Ward]) -> Finding {
    let check = format!("rights on {}", in_words(access));
    let cluster = cluster(setup, access);
    if let Ok(Ok(Some(namespace))) = tokio::time::timeout(LIMIT, missing_namespace(&cluster)).await {
        return Finding::fails(check, format!("there is no namespace `{namespace}` on this cluster"))
            .hint("see which there are: `kubectl get namespaces`".to_owned());
    }
    let asked = tokio::time::timeout(LIMIT, permissions(&cluster, wards)).await;
    match asked {
        Ok(Ok(answers)) => of_answers(check, &answers),
        Ok(Err(error)) => Finding::fails(check, error.what).hint(error.hint),
        Err(_) => Finding::fails(check, format!("the cluster did not answer within {} s", LIMIT.as_secs()))
            .hint("see whether it can be reached: `kubectl cluster-info`".to_owned()),
    }
}

/// Services that a controller applies again and again, so that they do not stay back. Nothing where nobody can tell: whether
/// the cluster answers is said elsewhere.
async fn applied(setup: &Setup, access: &ClusterAccess) -> Vec<Finding> {
    let cluster = cluster(setup, access);
    let looked = tokio::time::timeout(LIMIT, found(&cluster)).await;
    let Ok(Ok(found)) = looked else { return Vec::new() };
    let warning = |platform: &ServicePlatform| {
        let is_own = |workload: &&FoundWorkload| match platform {
            ServicePlatform::Kubernetes(own) => {
                own.cluster == *access && own.kind == workload.kind && own.name == workload.name
            }
            ServicePlatform::Helm(own) => own.cluster == *access && workload.release.as_ref() == Some(&own.release),
            _ => false,
        };
        found.workloads.iter().filter(is_own).find_map(|workload| workload.warning.clone())
    };
    let services = setup.environment.services.iter();
    let warned = services.filter_map(|(name, service)| Some((name, warning(&service.platform)?)));
    warned.map(|(name, warning)| Finding::note(format!("what applies `{name}`"), warning)).collect()
}

fn of_answers(check: String, answers: &[Permission]) -> Finding {
    let missing: Vec<String> = answers
        .iter()
        .filter(|answer| !answer.allowed)
        .map(|answer| format!("{} {} ({})", answer.verb, answer.resource, answer.purpose))
        .collect();
    if missing.is_empty() {
        return Finding::holds(check, format!("all {} that a way back needs", answers.len()));
    }
    Finding::fails(check, format!("missing: {}", missing.join("; ")))
        .hint("a role that is just enough: `backout check --role | kubectl apply -f -`".to_owned())
}

fn in_words(access: &ClusterAccess) -> String {
    let context =
        access.context.as_ref().map_or_else(|| "the current context".to_owned(), |c| format!("context `{c}`"));
    match &access.namespace {
        Some(namespace) => format!("{context}, namespace `{namespace}`"),
        None => context,
    }
}

/// The programs that Helm releases name, each once.
fn programs(environment: &Environment) -> Vec<&str> {
    let mut programs: Vec<&str> = Vec::new();
    for service in environment.services.values() {
        if let ServicePlatform::Helm(release) = &service.platform
            && !programs.contains(&release.program.as_str())
        {
            programs.push(&release.program);
        }
    }
    programs
}

async fn version(setup: &Setup, program: &str) -> Finding {
    let command = Command::new(program, &setup.process.variables)
        .args(["version", "--template", "{{.Version}}"])
        .folder(setup.found.folder())
        .limit(LIMIT)
        .install("install Helm 3 or 4: https://helm.sh/docs/intro/install");
    match command.run().await {
        Ok(output) => Finding::holds("Helm", output.text().trim().to_owned()),
        Err(error) => Finding::fails("Helm", error.to_string()).hint(error.hint()),
    }
}
