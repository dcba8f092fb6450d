//! Going back: by a rollback with auto-sync paused, or by a revert in the repository that auto-sync then works for.

use std::sync::Arc;
use std::time::Duration;

use backout_core::config::ArgocdService;
use backout_core::inventory::ArgocdArtifact;
use backout_core::port::{Clock, PortError};
use kube::Api;
use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use serde_json::Value;

use super::git::Clones;
use super::held::wake;
use super::identity::{folder, spec, target};
use super::operate::Wanted;
use super::pause::pause;
use super::revert::{Revert, Reverted};
use super::{Application, operate, request};
use crate::cluster::{Cluster, Live, failed, is_momentary, patiently};

/// What going back needs.
pub(super) struct Way<'a> {
    pub(super) cluster: &'a Arc<Cluster>,
    pub(super) clock: &'a dyn Clock,
    pub(super) api: &'a Api<DynamicObject>,
    pub(super) live: &'a Live,
    pub(super) service: &'a ArgocdService,
    pub(super) clones: &'a Clones,
    pub(super) artifact: &'a ArgocdArtifact,
    pub(super) sources: &'a Value,
    /// Whether everything is to be started anew, though it is what runs.
    pub(super) starts_anew: bool,
}

impl Way<'_> {
    /// Goes back, and ends once the controller says that it has arrived.
    pub(super) async fn go(&self) -> Result<(), PortError> {
        let app = self.application().await?;
        if app.is_deleting {
            return Err(PortError::new(format!("Application `{}` is being deleted", app.name)));
        }
        if !self.has_only_to_wake(&app) {
            match &self.service.revert {
                Some(_) => self.by_revert(&app).await?,
                None => self.by_rollback(&app).await?,
            }
        }
        let within = Duration::from_millis(self.artifact.rollout_ms);
        // By a revert auto-sync is on afterwards, as it was.
        let rearms = self.service.revert.is_some();
        wake(self.cluster, &app.name, (within, self.clock), rearms).await?;
        if rearms { Ok(()) } else { self.stays_paused().await }
    }

    /// Whether what shall run is what was synced last, and is only quiet: it was to be left and is not, or a run ended between
    /// the sync and having it run again.
    fn has_only_to_wake(&self, app: &Application) -> bool {
        let is_synced = app.history.last().is_some_and(|newest| {
            newest.revisions == self.artifact.revisions && spec(&newest.sources) == spec(self.sources)
        });
        app.held.is_some() && is_synced && !app.is_busy()
    }

    async fn application(&self) -> Result<Application, PortError> {
        let name = &self.service.application;
        let object = patiently(is_momentary, || self.api.get(name)).await;
        Ok(Application::of(&object.map_err(|error| failed(&format!("`{name}` could not be read"), &error))?))
    }

    async fn by_rollback(&self, app: &Application) -> Result<(), PortError> {
        // Paused first: auto-sync would begin the next operation while this one is still being ended.
        pause(self.api, &app.name).await?;
        let Err(error) = self.sync(app, &self.artifact.revisions, app.prunes()).await else { return Ok(()) };
        match self.stays_paused().await {
            // Whoever switched it on is why the sync came to nothing, as often as not.
            Err(armed) => Err(PortError { what: format!("{}; {}", error.what, armed.what), ..armed }),
            Ok(()) => Err(error),
        }
    }

    /// Somebody else switches auto-sync on again at their next look, and it would sync what we have just left.
    async fn stays_paused(&self) -> Result<(), PortError> {
        let app = self.application().await?;
        if app.automated.is_none() {
            return Ok(());
        }
        let who = app.parent.unwrap_or_else(|| "something that manages it".to_owned());
        Err(PortError::new(format!(
            "auto-sync of `{}` was switched on again by {who}: it will undo the rollback",
            app.name
        ))
        .hint("pause auto-sync of what manages it, or go back by `revert`"))
    }

    async fn by_revert(&self, app: &Application) -> Result<(), PortError> {
        let settings = self.service.revert.as_ref();
        let folder = folder(&app.sources, &app.name, settings.and_then(|revert| revert.repository.as_deref()))?;
        let branch = match settings.and_then(|revert| revert.branch.clone()) {
            Some(branch) => branch,
            None => self.followed(app, &folder).await?,
        };
        let commit = self.artifact.revisions.first().ok_or_else(|| PortError::new("the artifact names no commit"))?;
        let revert = Revert {
            clones: self.clones,
            folder,
            application: &app.name,
            branch,
            commit,
            publish: settings.and_then(|revert| revert.publish.as_deref()),
        };
        match revert.run().await? {
            Reverted::Pushed(commit) => self.follow(app, commit).await,
            Reverted::Published(branch) => Err(PortError::new(format!("the revert is published as `{branch}`")).hint(
                "have it merged: Argo CD goes back by itself then, and `backout status` says `same` once it has",
            )),
        }
    }

    /// The branch that the Application follows.
    async fn followed(&self, app: &Application, folder: &super::git::Folder) -> Result<String, PortError> {
        let named = app.sources.pointer("/source/targetRevision").and_then(Value::as_str).unwrap_or("HEAD");
        match named {
            "" | "HEAD" => self.clones.default_branch(folder).await,
            branch => Ok(branch.to_owned()),
        }
    }

    /// Waits until auto-sync has brought the revert; syncs it where there is no auto-sync.
    async fn follow(&self, app: &Application, commit: String) -> Result<(), PortError> {
        let patch = Patch::Merge(request::refresh());
        let parameters = PatchParams::default();
        let refreshed = patiently(is_momentary, || self.api.patch(&app.name, &parameters, &patch)).await;
        refreshed.map_err(|error| failed(&format!("`{}` could not be refreshed", app.name), &error))?;
        if app.automated.is_none() {
            return self.sync(app, &[commit], false).await;
        }
        operate::until(self.live, &app.name, |app| {
            let is_there = app.history.last().is_some_and(|newest| newest.revisions.first() == Some(&commit));
            let operation = app.operation.as_ref()?;
            if operation.has_failed() && operation.revisions.first() == Some(&commit) {
                let why = format!("the sync of the revert ended {}: {}", operation.phase, operation.message);
                return Some(Err(PortError::new(why)));
            }
            (is_there && !app.is_busy() && operation.is_settled()).then_some(Ok(()))
        })
        .await
    }

    /// Ends what is under way, syncs, and waits until Argo CD has looked at the result.
    async fn sync(&self, app: &Application, revisions: &[String], prunes: bool) -> Result<(), PortError> {
        let operation = request::operation(app, &target(revisions, self.sources), prunes);
        let before = app.operation.as_ref().and_then(|newest| newest.started_at);
        let wanted = Wanted { operation: &operation, counts_ended: !self.starts_anew, before };
        operate::end(self.api, self.live, &app.name, Some(&wanted)).await?;
        let written = operate::set(self.api, &app.name, &wanted).await?;
        let ended = operate::settled(self.api, self.live, &written).await?;
        if ended.revisions == revisions {
            return Ok(());
        }
        let seen = ended.revisions.join(", ");
        Err(PortError::new(format!("`{}` was synced to {seen}, and not to {}", app.name, revisions.join(", "))))
    }
}
