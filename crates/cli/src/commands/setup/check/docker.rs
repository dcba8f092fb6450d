//! Docker and Compose, as the services' projects name them.

use std::time::Duration;

use backout_adapters::command::{Command, CommandError};
use backout_core::config::{ComposeProject, ServicePlatform};

use super::finding::Finding;
use crate::wire::Setup;

const LIMIT: Duration = Duration::from_secs(10);

/// Whether each engine answers, and whether Compose is there. Nothing where no service is on Compose.
pub(super) async fn docker(setup: &Setup) -> Vec<Finding> {
    let mut engines: Vec<Engine<'_>> = Vec::new();
    for service in setup.environment.services.values() {
        let ServicePlatform::Compose(project) = &service.platform else { continue };
        let engine = Engine::of(project);
        if !engines.contains(&engine) {
            engines.push(engine);
        }
    }
    let mut findings = Vec::new();
    if !engines.is_empty() {
        findings.push(compose(setup).await);
    }
    for engine in engines {
        findings.push(engine.look(setup).await);
    }
    findings
}

/// How an engine is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Engine<'a> {
    context: Option<&'a str>,
    host: Option<&'a str>,
}

impl<'a> Engine<'a> {
    fn of(project: &'a ComposeProject) -> Self {
        Self { context: project.context.as_deref(), host: project.host.as_deref() }
    }

    async fn look(self, setup: &Setup) -> Finding {
        let check = match (self.context, self.host) {
            (Some(context), _) => format!("Docker Engine of the context `{context}`"),
            (None, Some(host)) => format!("Docker Engine at {host}"),
            (None, None) => "Docker Engine".to_owned(),
        };
        let mut command = client(setup);
        if let Some(host) = self.host {
            command = command.args(["--host", host]);
        } else if let Some(context) = self.context {
            command = command.args(["--context", context]);
        }
        match command.args(["version", "--format", "{{.Server.Version}}"]).run().await {
            Ok(output) => Finding::holds(check, output.text().trim().to_owned()),
            Err(error) => {
                failed(check, &error, "is it running, and may this user reach it? `docker version` says more")
            }
        }
    }
}

async fn compose(setup: &Setup) -> Finding {
    let check = "Docker Compose";
    match client(setup).args(["compose", "version", "--short"]).run().await {
        Ok(output) => Finding::holds(check, output.text().trim().to_owned()),
        Err(error) => failed(check.to_owned(), &error, "install the Compose plugin, version 2 or newer"),
    }
}

fn client(setup: &Setup) -> Command {
    Command::new("docker", &setup.process.variables)
        .folder(setup.found.folder())
        .limit(LIMIT)
        .install("install Docker's command line client")
}

fn failed(check: String, error: &CommandError, hint: &str) -> Finding {
    let what = match error.stderr().lines().next() {
        Some(line) => line.to_owned(),
        None => error.to_string(),
    };
    Finding::fails(check, what).hint(error.hint().unwrap_or_else(|| hint.to_owned()))
}
