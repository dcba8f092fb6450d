//! Switching one service to an artifact, with its files, and observing that it is there.

use std::time::Duration;

use backout_core::id::{RunId, ServiceName};
use backout_core::inventory::{Artifact, Fact, FileRef, FileState, Running};
use backout_core::journal::{Body, StepOutcome};
use backout_core::plan::{Switch, explain, runs};
use backout_core::port::{Content, FileChange, Lease, PortError};

use crate::look::{Leftover, observe_once_seen, observe_one};
use crate::world::World;

/// How long a switch that was carried out may take to show.
const SHOWS_WITHIN: Duration = Duration::from_secs(10);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Whose act it is: what the records written on the way belong to.
#[derive(Clone, Copy)]
pub(super) struct Act<'a> {
    pub(super) world: &'a World,
    pub(super) lease: &'a Lease,
    pub(super) run: &'a RunId,
}

impl Act<'_> {
    /// Makes a service run an artifact, and observes whether it does. Whatever the platform answered, what is observed
    /// counts.
    pub(super) async fn switch(&self, switch: &Switch, limit: Duration) -> StepOutcome {
        let service = &switch.to.service;
        let Some(platform) = self.world.platform_of(service) else {
            return StepOutcome::Failed { why: format!("no platform runs `{service}`") };
        };
        let before = observe_once_seen(self.world, service).await;
        if let Err(error) = self.restore_files(&switch.files).await {
            return StepOutcome::Failed { why: in_words(&error) };
        }
        let told = tokio::select! {
            told = platform.switch(switch, self.world.blobs.as_ref()) => told,
            () = self.world.clock.sleep(limit) => Err(PortError::new(format!("took longer than {} s", limit.as_secs()))),
        };
        if switch.only.is_some() {
            return self.configured(switch, told.err().map(|error| in_words(&error))).await;
        }
        let patience = if told.is_ok() { SHOWS_WITHIN } else { Duration::ZERO };
        let leftover = must_start_anew(switch, &before).then_some(Leftover { before: &before, believed: told.is_ok() });
        match (self.shows(&switch.to, leftover.as_ref(), patience).await, told) {
            (Ok(seen), _) => StepOutcome::Done { seen },
            (Err(seen), Ok(())) => StepOutcome::Failed { why: seen },
            (Err(seen), Err(error)) => StepOutcome::Failed { why: format!("{}; {seen}", in_words(&error)) },
        }
    }

    /// Looks whether the configuration that a platform keeps beside a service is as a switch leaves it, whatever runs.
    pub(super) async fn configured(&self, switch: &Switch, told: Option<String>) -> StepOutcome {
        let Some(platform) = self.world.platform_of(&switch.to.service) else {
            return StepOutcome::Failed { why: format!("no platform runs `{}`", switch.to.service) };
        };
        let unlike = platform.unlike(&switch.to, self.world.blobs.as_ref()).await;
        let seen = explain::fact(&observe_one(self.world, &switch.to.service).await);
        let told = told.map_or_else(String::new, |told| format!("{told}; "));
        match unlike {
            Ok(rest) if rest.is_empty() => StepOutcome::Done { seen: format!("its configuration is back; {seen}") },
            Ok(rest) => StepOutcome::Failed { why: format!("{told}not as it was: {}; {seen}", rest.join(", ")) },
            Err(error) => StepOutcome::Unclear { why: format!("{told}{}", in_words(&error)) },
        }
    }

    /// Looks until the artifact is what runs, for as long as that may take. Answers with what was seen either way.
    async fn shows(
        &self,
        artifact: &Artifact,
        leftover: Option<&Leftover<'_>>,
        patience: Duration,
    ) -> Result<String, String> {
        let deadline = self.world.clock.uptime() + patience;
        loop {
            let fact = observe_one(self.world, &artifact.service).await;
            let seen = explain::fact(&fact);
            let is_left = |running: &Running| leftover.is_some_and(|leftover| leftover.is_in(running));
            match fact.running().filter(|running| runs(artifact, running)) {
                Some(running) if !is_left(running) => return Ok(seen),
                found if self.world.clock.uptime() >= deadline => {
                    let why = if found.is_some() { "; it was not started again" } else { "" };
                    return Err(format!("{seen}{why}"));
                }
                _ => self.world.clock.sleep(PAUSE).await,
            }
        }
    }

    /// Puts files back. What was there is kept first, and the journal says where.
    pub(super) async fn restore_files(&self, files: &[FileRef]) -> Result<Vec<String>, PortError> {
        let mut changed = Vec::new();
        for file in files {
            let was = self.world.files.read(&file.path).await?;
            let kept = match &was {
                Some(content) => Some(self.world.blobs.put(&content.bytes).await?),
                None => None,
            };
            if kept.as_ref().map(|blob| &blob.digest) == file.digest() {
                continue;
            }
            let body = Body::FileReplaced { path: file.path.clone(), was: kept };
            self.record(&body).await?;
            if self.world.files.write(&file.path, self.content(file).await?.as_ref()).await? == FileChange::Changed {
                changed.push(file.path.clone());
            }
        }
        Ok(changed)
    }

    async fn content(&self, file: &FileRef) -> Result<Option<Content>, PortError> {
        match &file.state {
            FileState::Absent => Ok(None),
            FileState::Present { content, mode } => {
                Ok(Some(Content { bytes: self.world.blobs.get(content).await?, mode: *mode }))
            }
        }
    }

    /// Records something that belongs to the step being done. A journal that does not take it stops the step.
    pub(super) async fn record(&self, body: &Body) -> Result<(), PortError> {
        let recorded = self.world.record(self.lease, Some(self.run), body).await;
        recorded.map_err(|error| PortError::new(format!("the journal did not take a record: {error}")))
    }

    /// Files of an artifact that are not on disk as it has them.
    pub(super) async fn differing(&self, files: &[FileRef], service: &ServiceName) -> Vec<FileRef> {
        let fact = observe_one(self.world, service).await;
        files.iter().filter(|file| fact.files.get(&file.path) != file.digest()).cloned().collect()
    }
}

/// Whether a switch is there only once the instances have been started again: the version runs already, and a file that
/// they read goes back, perhaps with an earlier step that shares it.
fn must_start_anew(switch: &Switch, before: &Fact) -> bool {
    let runs_already = before.running().is_some_and(|running| runs(&switch.to, running));
    switch.starts_anew() && (runs_already || switch.files.iter().any(|file| file.needs_restart))
}

/// An error with what to do about it, in one line.
pub(super) fn in_words(error: &PortError) -> String {
    match &error.hint {
        Some(hint) => format!("{} ({hint})", error.what),
        None => error.what.clone(),
    }
}
