//! The port: services behind the user's own commands.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::ExecService;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Fact, Seen};
use backout_core::plan::Switch;
use backout_core::port::{
    Blobs, Captured, Clock, EventSink, Evidence, Pending, Platform, PlatformEvent, PortError, Preflight,
};
use futures_util::future::join_all;
use serde_json::Value;

use super::answer::{self, Observed, Ready, Recorded};
use super::question;
use crate::command::{Command, Environment, Output, spawn_lines};

/// How long until `events` is started again after it ended.
const PAUSE: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const ANSWER_LIMIT: usize = 1024 * 1024;
/// Where the contract is written.
const CONTRACT: &str = "see `docs/exec-contract.md` for what is expected of it";

/// What the user's commands run in.
#[derive(Clone)]
pub struct ExecOptions {
    /// The environment that they see.
    pub environment: Environment,
    /// The folder that they run in: that of the configuration file.
    pub folder: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The services of one environment that are behind the user's own commands.
pub struct ExecPlatform {
    services: BTreeMap<ServiceName, ExecService>,
    options: ExecOptions,
}

impl ExecPlatform {
    /// Knows services by their resolved configuration. Runs nothing yet.
    #[must_use]
    pub fn new(services: &BTreeMap<ServiceName, ExecService>, options: ExecOptions) -> Self {
        Self { services: services.clone(), options }
    }

    fn service(&self, name: &ServiceName) -> Result<&ExecService, PortError> {
        self.services.get(name).ok_or_else(|| {
            PortError::new(format!("`{name}` has no commands in this environment"))
                .hint("it may have been renamed in the configuration since")
        })
    }

    fn command(&self, argv: &[String]) -> Result<Command, PortError> {
        let (program, arguments) = argv.split_first().ok_or_else(|| PortError::new("a command is empty"))?;
        Ok(Command::new(program, &self.options.environment).args(arguments).folder(&self.options.folder))
    }

    fn asking(&self, service: &ExecService, argv: &[String], question: &Value) -> Result<Command, PortError> {
        let command = self.command(argv)?.stdin(question.to_string());
        Ok(command.limit(service.timeout).output_limit(ANSWER_LIMIT))
    }

    async fn look(&self, name: &ServiceName) -> Result<Seen, PortError> {
        let service = self.service(name)?;
        let output = self.asking(service, &service.observe, &question::observe(name))?.run().await?;
        understood::<Observed>("observe", name, &output).map(|observed| observed.seen(name))
    }

    async fn observe_one(&self, name: &ServiceName) -> Fact {
        let seen = self.look(name).await.unwrap_or_else(|error| Seen::Unknown { why: error.what });
        Fact { service: name.clone(), observed_at: self.options.clock.now(), seen, files: BTreeMap::new() }
    }

    async fn capture_one(&self, name: &ServiceName, checkpoint: &CheckpointId) -> Result<Option<Artifact>, PortError> {
        let service = self.service(name)?;
        let question = question::capture(name, checkpoint);
        let output = self.asking(service, &service.capture, &question)?.run().await?;
        let recorded: Recorded = understood("capture", name, &output)?;
        recorded.artifact(name).map_err(|why| not_understood("capture", name, &why))
    }

    /// An exit code other than 0 says that it is gone; a command that could not be run says nothing.
    async fn preflight_one(&self, artifact: &Artifact) -> Result<Preflight, PortError> {
        let service = self.service(&artifact.service)?;
        let Some(argv) = &service.preflight else { return Ok(Preflight::Present) };
        let output = self.asking(service, argv, &question::preflight(artifact))?.output().await?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let why = if why.is_empty() { format!("`preflight` ended with {}", output.status) } else { why };
            return Ok(Preflight::Gone { why });
        }
        if output.text().trim().is_empty() {
            return Ok(Preflight::Present);
        }
        understood::<Ready>("preflight", &artifact.service, &output).map(Ready::preflight)
    }

    async fn restore(&self, name: &ServiceName, question: &Value) -> Result<(), PortError> {
        let service = self.service(name)?;
        self.asking(service, &service.restore, question)?.run().await?;
        Ok(())
    }

    /// Sends an event for each line that `events` prints; never ends.
    async fn follow(&self, name: &ServiceName, argv: &[String], sink: &(dyn Fn(PlatformEvent) + Send + Sync)) {
        loop {
            let why = match self.command(argv).and_then(|command| Ok(spawn_lines(&command)?)) {
                Ok(mut lines) => {
                    while let Some(what) = lines.next().await {
                        sink(PlatformEvent::Moved { service: name.clone(), at: self.options.clock.now(), what });
                    }
                    format!("`events` of `{name}` ended")
                }
                Err(error) => error.what,
            };
            sink(PlatformEvent::Lost { why });
            self.options.clock.sleep(PAUSE).await;
        }
    }
}

fn understood<T: serde::de::DeserializeOwned>(
    command: &str,
    service: &ServiceName,
    output: &Output,
) -> Result<T, PortError> {
    answer::read(&output.stdout).map_err(|why| not_understood(command, service, &why))
}

fn not_understood(command: &str, service: &ServiceName, why: &str) -> PortError {
    PortError::new(format!("could not understand what `{command}` of `{service}` printed: {why}")).hint(CONTRACT)
}

impl Platform for ExecPlatform {
    fn observe<'a>(&'a self, services: &'a [ServiceName]) -> Pending<'a, Vec<Fact>> {
        Box::pin(join_all(services.iter().map(|name| self.observe_one(name))))
    }

    fn capture<'a>(
        &'a self,
        services: &'a [ServiceName],
        checkpoint: &'a CheckpointId,
        _blobs: &'a dyn Blobs,
    ) -> Pending<'a, Result<Captured, PortError>> {
        Box::pin(async move {
            let mut captured = Captured::default();
            for name in services {
                match self.capture_one(name, checkpoint).await? {
                    Some(artifact) => captured.artifacts.push(artifact),
                    None => captured.absent.push(name.clone()),
                }
            }
            Ok(captured)
        })
    }

    fn preflight<'a>(&'a self, artifact: &'a Artifact, _blobs: &'a dyn Blobs) -> Pending<'a, Preflight> {
        Box::pin(async move {
            self.preflight_one(artifact).await.unwrap_or_else(|error| Preflight::Unknown { why: error.what })
        })
    }

    fn switch<'a>(&'a self, switch: &'a Switch, _blobs: &'a dyn Blobs) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { self.restore(&switch.to.service, &question::restore(switch)).await })
    }

    fn stop<'a>(&'a self, service: &'a ServiceName, grace_ms: u64) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async move { self.restore(service, &question::stop(service, grace_ms)).await })
    }

    /// What `capture` kept is the user's: nothing is pinned here.
    fn release<'a>(&'a self, _: &'a CheckpointId, _: &'a [Artifact]) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }

    fn evidence<'a>(&'a self, service: &'a ServiceName) -> Pending<'a, Vec<Evidence>> {
        Box::pin(async move {
            let content = match self.service(service) {
                Ok(found) => match self.asking(found, &found.observe, &question::observe(service)) {
                    Ok(command) => command.output().await.map_or_else(
                        |error| error.to_string().into_bytes(),
                        |output| [output.stdout, output.stderr].concat(),
                    ),
                    Err(error) => error.what.into_bytes(),
                },
                Err(error) => error.what.into_bytes(),
            };
            vec![Evidence { name: format!("{service}.observe.txt"), content }]
        })
    }

    fn events<'a>(&'a self, sink: EventSink) -> Pending<'a, ()> {
        Box::pin(async move {
            let sink: &(dyn Fn(PlatformEvent) + Send + Sync) = &*sink;
            let followed = self.services.iter().filter_map(|(name, service)| Some((name, service.events.as_ref()?)));
            join_all(followed.map(|(name, argv)| self.follow(name, argv, sink))).await;
            std::future::pending::<()>().await;
        })
    }
}
