//! One host service: what stands there, and what runs of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use backout_core::config::{HostManage, HostService, SecretOrText};
use backout_core::detect::Usage;
use backout_core::id::{CheckpointId, ServiceName};
use backout_core::inventory::{Artifact, Detail, Fact, HostArtifact, Instance, Running, Seen, Version};
use backout_core::port::{Evidence, LogSink, LogSpan, PlatformEvent, PortError, Preflight};

use super::manage::{Changes, Keeper, Process, Surroundings, Told, resolve};
use super::source::{Source, Standing};
use crate::command::Environment;

/// One service with its source and its keeper.
#[derive(Clone)]
pub(crate) struct OneService {
    name: ServiceName,
    source: Source,
    keeper: Keeper,
    surroundings: Surroundings,
    variables: BTreeMap<String, SecretOrText>,
}

impl OneService {
    pub(crate) fn new(name: &ServiceName, service: &HostService, surroundings: &Surroundings) -> Self {
        Self {
            name: name.clone(),
            source: Source::new(&service.source, service.build.as_deref(), &surroundings.environment),
            keeper: Keeper::new(name, &service.manage, surroundings),
            surroundings: surroundings.clone(),
            variables: match &service.manage {
                HostManage::Supervised { env, .. } => env.clone(),
                HostManage::Units(_) | HostManage::Command { .. } => BTreeMap::new(),
            },
        }
    }

    /// Where a program finds what the service finds: the folder of its current version, and its environment with the
    /// values in it that must not be shown.
    pub(crate) async fn place(&self) -> Result<(PathBuf, Environment, Vec<String>), PortError> {
        let standing = self.source.current().await?.filter(|standing| standing.folder.is_dir());
        let standing =
            standing.ok_or_else(|| PortError::new(format!("there is no version of `{}` here", self.name)))?;
        let variables = resolve(&self.variables, &self.surroundings.secrets).await?;
        let mut environment = self.surroundings.environment.clone();
        environment.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
        Ok((standing.folder, environment, variables.into_values().filter(|value| value.len() > 3).collect()))
    }

    pub(crate) async fn observe(&self) -> Fact {
        let seen = match self.look().await {
            Ok(Some((running, _))) => Seen::Present(running),
            Ok(None) => Seen::Absent,
            Err(error) => Seen::Unknown { why: error.what },
        };
        let observed_at = self.surroundings.clock.now();
        Fact { service: self.name.clone(), observed_at, seen, files: BTreeMap::new() }
    }

    /// What runs, and where its version stands.
    async fn look(&self) -> Result<Option<(Running, Standing)>, PortError> {
        let Some(processes) = self.keeper.look().await? else { return Ok(None) };
        let mut instances = Vec::new();
        let mut first = None;
        for process in processes {
            let Some(standing) = self.standing_of(&process).await? else { return Ok(None) };
            instances.push(instance(process, standing.version.clone()));
            first.get_or_insert(standing);
        }
        instances.sort_by(|a, b| a.name.cmp(&b.name));
        let Some(standing) = first else { return Ok(None) };
        let next = self.next(&standing).await;
        let label = match &next {
            Some(next) => format!("{} (the next start runs {})", standing.label, next.label),
            None => standing.label.clone(),
        };
        Ok(Some((
            Running {
                label,
                wanted: self.keeper.wanted(),
                instances,
                unready: Vec::new(),
                trouble: None,
                busy: None,
                next: next.map(|next| next.version),
            },
            standing,
        )))
    }

    /// What a start would run, where that is other code than what runs. Where nobody can say it is not another one.
    /// Uncommitted changes are not asked about: programs write into their folders while they run.
    async fn next(&self, runs: &Standing) -> Option<Standing> {
        let current = self.source.current().await.ok().flatten();
        current.filter(|current| current.version.code != runs.version.code)
    }

    async fn standing_of(&self, process: &Process) -> Result<Option<Standing>, PortError> {
        match &process.told {
            Told::Written(standing) => Ok(Some(standing.clone())),
            Told::Seen(loaded) => self.source.loaded(loaded).await,
        }
    }

    /// Records the version that runs (not the one that `current` or `HEAD` may point to by now), and keeps it.
    pub(crate) async fn capture(&self, checkpoint: &CheckpointId) -> Result<Option<Artifact>, PortError> {
        let Some((running, standing)) = self.look().await? else { return Ok(None) };
        self.source.pin(&standing, checkpoint).await?;
        let folder = standing.folder.to_string_lossy().into_owned();
        Ok(Some(Artifact {
            service: self.name.clone(),
            version: standing.version,
            label: standing.label,
            replicas: running.wanted,
            files: Vec::new(),
            detail: Detail::Host(HostArtifact { folder }),
        }))
    }

    pub(crate) async fn preflight(&self, version: &Version) -> Preflight {
        self.source.preflight(version).await
    }

    /// Makes a version the current one and starts the service anew from it.
    pub(crate) async fn switch(&self, version: &Version, grace: Duration) -> Result<(), PortError> {
        let standing = self.source.go(version).await?;
        self.keeper.restart(&standing, grace).await
    }

    /// Starts the service anew from what stands there now.
    pub(crate) async fn restart(&self, grace: Duration) -> Result<(), PortError> {
        let standing = self.source.current().await?;
        let standing = standing.ok_or_else(|| {
            PortError::new(format!("there is nothing to start `{}` from", self.name))
                .hint("deploy it once, or correct its folder in the configuration")
        })?;
        self.keeper.restart(&standing, grace).await
    }

    pub(crate) async fn stop(&self, grace: Duration) -> Result<(), PortError> {
        self.keeper.stop(grace).await
    }

    pub(crate) async fn release(&self, checkpoint: &CheckpointId) -> Result<(), PortError> {
        self.source.unpin(checkpoint).await
    }

    pub(crate) async fn evidence(&self) -> Vec<Evidence> {
        let mut files = self.keeper.evidence().await;
        files.extend(self.source.evidence().await);
        files.into_iter().map(|(name, content)| Evidence { name, content }).collect()
    }

    pub(crate) async fn output(&self, span: LogSpan, sink: LogSink<'_>) -> Result<(), PortError> {
        self.keeper.output(span, sink).await
    }

    pub(crate) async fn usage(&self) -> Result<Vec<Usage>, PortError> {
        self.keeper.usage().await
    }

    /// Sends an event whenever what runs has moved; never ends.
    pub(crate) async fn follow(&self, sink: &(dyn Fn(PlatformEvent) + Send + Sync)) {
        let clock = &*self.surroundings.clock;
        let mut changes = self.keeper.changes().await;
        let mut before = self.keeper.look().await;
        let mut is_lost = false;
        loop {
            if !changes.next(clock).await {
                sink(PlatformEvent::Lost { why: format!("nothing more is told of `{}`", self.name) });
                (changes, is_lost) = (Changes::FromTimeToTime, true);
            } else if is_lost {
                // Whoever told may be back.
                changes = self.keeper.changes().await;
                is_lost = matches!(changes, Changes::FromTimeToTime);
            }
            let now = self.keeper.look().await;
            if now != before {
                let what = format!("`{}`: {}", self.name, in_words(&now));
                sink(PlatformEvent::Moved { service: self.name.clone(), at: clock.now(), what });
                before = now;
            }
        }
    }
}

fn instance(process: Process, version: Version) -> Instance {
    Instance {
        id: process.id,
        name: process.name,
        version,
        state: process.state,
        health: process.health,
        since: process.since,
        restarts: process.restarts,
    }
}

fn in_words(look: &Result<Option<Vec<Process>>, PortError>) -> String {
    use backout_core::inventory::InstanceState as State;
    let state = |process: &Process| match process.state {
        State::Created => format!("{} is about to start", process.id),
        State::Running => format!("{} runs", process.id),
        State::Restarting => format!("{} is being started again", process.id),
        State::Paused => format!("{} is paused", process.id),
        State::Exited { code, out_of_memory: false } => format!("{} ended with exit code {code}", process.id),
        State::Exited { code, out_of_memory: true } => format!("{} ran out of memory (exit code {code})", process.id),
    };
    match look {
        Ok(Some(processes)) => processes.iter().map(state).collect::<Vec<_>>().join(", "),
        Ok(None) => "it is not there".to_owned(),
        Err(error) => error.what.clone(),
    }
}
