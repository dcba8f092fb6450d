//! The services: whether each can be seen, each probe performed, each file read, and each secret had.

use backout_adapters::secret::Secrets;
use backout_core::config::{HostManage, Probe, ProbeKind, PromServer, SecretOrText, SecretRef, ServicePlatform};
use backout_core::detect::{Measured, Sample, SignalPath};
use backout_core::policy::{Check, Verdict};
use backout_engine::{World, survey};

use super::finding::Finding;
use crate::wire::Setup;

/// Every service looked at once, and every probe performed once.
pub(super) async fn seen(world: &World) -> Vec<Finding> {
    let survey = survey(world).await;
    let of_checks = survey.checks.iter().map(of_check);
    let is_told = |signal: &SignalPath| survey.checks.iter().any(|check| check.name == signal.to_string());
    let others = survey.samples.iter().filter(|sample| matches!(sample.signal, SignalPath::Up(..)));
    of_checks.chain(others.filter(|sample| !is_told(&sample.signal)).map(of_sample)).collect()
}

fn of_check(check: &Check) -> Finding {
    match check.verdict {
        Verdict::Healthy => Finding::holds(&check.name, &check.what),
        Verdict::Inconclusive => Finding::note(&check.name, &check.what),
        Verdict::Unhealthy => Finding::fails(&check.name, &check.what),
        Verdict::Unmeasurable => Finding::fails(&check.name, format!("could not be measured: {}", check.what)),
    }
}

fn of_sample(sample: &Sample) -> Finding {
    let name = sample.signal.to_string();
    match &sample.measured {
        Measured::Value { value } if *value >= 1.0 => Finding::holds(name, &sample.what),
        Measured::Value { .. } => Finding::fails(name, &sample.what),
        Measured::Unmeasurable { why } => Finding::fails(name, why),
    }
}

/// Every file that goes back with a service. One that the service reads itself must be there.
pub(super) async fn files(world: &World) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (service, files) in &world.files_of {
        for file in files {
            let check = format!("file of {service}");
            match world.files.read(&file.path).await {
                Ok(Some(_)) => findings.push(Finding::holds(check, &file.path)),
                Ok(None) if !file.needs_restart => {}
                Ok(None) => findings.push(
                    Finding::fails(check, format!("{} is not there", file.path))
                        .hint("make it, or take it out of `artifacts`".to_owned()),
                ),
                Err(error) => findings.push(Finding::fails(check, error.what).hint(error.hint)),
            }
        }
    }
    findings
}

/// Every secret that the configuration refers to. Values are had and forgotten, never shown.
pub(super) async fn secrets(setup: &Setup) -> Vec<Finding> {
    let secrets = Secrets::new(setup.process.variables.clone(), setup.found.folder());
    let mut findings = Vec::new();
    for (owner, reference) in references(setup) {
        let check = format!("secret of {owner}");
        findings.push(match secrets.resolve(reference).await {
            Ok(_) => Finding::holds(check, in_words(reference)),
            Err(error) => Finding::fails(check, error.to_string()).hint(error.hint()),
        });
    }
    findings
}

fn in_words(reference: &SecretRef) -> String {
    match reference {
        SecretRef::Env(name) => format!("env:{name}"),
        SecretRef::File(path) => format!("file:{path}"),
        // The arguments may hold what should not be shown.
        SecretRef::Exec(argv) => format!("exec:{} ...", argv.first().map_or("", String::as_str)),
    }
}

/// Every reference with whose it is, each once.
fn references(setup: &Setup) -> Vec<(String, &SecretRef)> {
    let environment = &setup.environment;
    let mut all: Vec<(String, &SecretOrText)> = Vec::new();
    for (name, service) in &environment.services {
        for probe in service.probes.values() {
            all.extend(of_probe(probe).into_iter().map(|secret| (format!("{name}.{}", probe.name), secret)));
        }
        if let ServicePlatform::Host(host) = &service.platform
            && let HostManage::Supervised { env, .. } = &host.manage
        {
            all.extend(env.iter().map(|(variable, secret)| (format!("{name}, variable {variable}"), secret)));
        }
    }
    for signal in environment.signals.values() {
        all.extend(of_server(&signal.server).into_iter().map(|secret| (format!("signal {}", signal.name), secret)));
    }
    for probe in environment.verify.smoke.iter().map(|smoke| &smoke.probe) {
        all.extend(of_probe(probe).into_iter().map(|secret| (format!("smoke check {}", probe.name), secret)));
    }
    let mut found: Vec<(String, &SecretRef)> = Vec::new();
    for (owner, secret) in all {
        match secret {
            SecretOrText::Secret(reference) if !found.iter().any(|(_, known)| *known == reference) => {
                found.push((owner, reference));
            }
            SecretOrText::Secret(_) | SecretOrText::Text(_) => {}
        }
    }
    found
}

fn of_server(server: &PromServer) -> Vec<&SecretOrText> {
    let login = server.login.iter().flat_map(|login| [&login.user, &login.password]);
    server.headers.values().chain(login).collect()
}

fn of_probe(probe: &Probe) -> Vec<&SecretOrText> {
    match &probe.kind {
        ProbeKind::Http(http) => http.headers.values().chain(&http.send).collect(),
        ProbeKind::Postgres { url, .. } | ProbeKind::Redis { url } => vec![url],
        ProbeKind::Tcp { .. } | ProbeKind::Exec { .. } | ProbeKind::Container => Vec::new(),
    }
}
