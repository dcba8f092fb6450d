//! Switching one service to an artifact, with its files, and observing that it is there.

use std::time::Duration;

use backout_core::id::{RunId, ServiceName};
use backout_core::inventory::{Artifact, FileRef, FileState};
use backout_core::journal::{Body, StepOutcome};
use backout_core::plan::{Switch, explain, runs};
use backout_core::port::{Content, FileChange, Lease, PortError};

use crate::collect::observe_one;
use crate::world::World;

/// How long a switch that was carried out may take to show.
const SHOWS_WITHIN: Duration = Duration::from_secs(10);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Whose act it is: what the records written on the way belong to.
#[derive(Clone, Copy)]
pub(crate) struct Act<'a> {
    pub(crate) world: &'a World,
    pub(crate) lease: &'a Lease,
    pub(crate) run: &'a RunId,
}

impl Act<'_> {
    /// Makes a service run an artifact, and observes whether it does. Whatever the platform answered, what is observed
    /// counts.
    pub(crate) async fn switch(&self, switch: &Switch, limit: Duration) -> StepOutcome {
        let service = &switch.to.service;
        if let Err(error) = self.restore_files(&switch.files).await {
            return StepOutcome::Failed { why: in_words(&error) };
        }
        let Some(platform) = self.world.platform_of(service) else {
            return StepOutcome::Failed { why: format!("no platform runs `{service}`") };
        };
        let told = tokio::select! {
            told = platform.switch(switch, self.world.blobs.as_ref()) => told,
            () = self.world.clock.sleep(limit) => Err(PortError::new(format!("took longer than {} s", limit.as_secs()))),
        };
        let patience = if told.is_ok() { SHOWS_WITHIN } else { Duration::ZERO };
        match (self.shows(&switch.to, patience).await, told) {
            (Ok(seen), _) => StepOutcome::Done { seen },
            (Err(seen), Ok(())) => StepOutcome::Failed { why: seen },
            (Err(seen), Err(error)) => StepOutcome::Failed { why: format!("{}; {seen}", in_words(&error)) },
        }
    }

    /// Looks until the artifact is what runs, for as long as that may take. Answers with what was seen either way.
    async fn shows(&self, artifact: &Artifact, patience: Duration) -> Result<String, String> {
        let deadline = self.world.clock.now() + patience;
        loop {
            let fact = observe_one(self.world, &artifact.service).await;
            if fact.running().is_some_and(|running| runs(artifact, running)) {
                return Ok(explain::fact(&fact));
            }
            if self.world.clock.now() >= deadline {
                return Err(explain::fact(&fact));
            }
            self.world.clock.sleep(PAUSE).await;
        }
    }

    /// Puts files back. What was there is kept first, and the journal says where.
    pub(crate) async fn restore_files(&self, files: &[FileRef]) -> Result<Vec<String>, PortError> {
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
    pub(crate) async fn record(&self, body: &Body) -> Result<(), PortError> {
        let appended = self.world.store.append(self.lease, Some(self.run), body).await;
        let record = appended.map_err(|error| PortError::new(format!("the journal did not take a record: {error}")))?;
        self.world.watcher.recorded(&record);
        Ok(())
    }

    /// Files of an artifact that are not on disk as it has them.
    pub(crate) async fn differing(&self, files: &[FileRef], service: &ServiceName) -> Vec<FileRef> {
        let fact = observe_one(self.world, service).await;
        files.iter().filter(|file| fact.files.get(&file.path) != file.digest()).cloned().collect()
    }
}

/// An error with what to do about it, in one line.
pub(crate) fn in_words(error: &PortError) -> String {
    match &error.hint {
        Some(hint) => format!("{} ({hint})", error.what),
        None => error.what.clone(),
    }
}
