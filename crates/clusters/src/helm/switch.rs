//! Making a release what was captured, and taking one away that should not be there.

use std::time::Duration;

use backout_core::id::Digest;
use backout_core::inventory::{HelmArtifact, Seen};
use backout_core::plan::Switch;
use backout_core::port::{Blobs, PortError};
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::observe::{Look, digest_of};
use super::operate::{self, Operation};
use super::platform::{detail, kept};
use super::record::{History, Manifest, Record, Status, secrets};
use super::release::{Release, kinds};
use super::{argv, repair};
use crate::cluster::failed;

/// What any rollout may take beside what its own settings grant.
const BESIDE: Duration = Duration::from_secs(60);

/// Makes a release run an artifact: ends what was left unfinished, puts the record back where Helm has forgotten it, and has
/// `helm` go back to the revision that renders what the artifact has.
pub(super) async fn switch(release: &Release, switch: &Switch, blobs: &dyn Blobs) -> Result<(), PortError> {
    let detail = detail(&switch.to)?;
    let wanted = Digest::try_from(digest_of(&switch.to.version.code).to_owned())
        .map_err(|error| PortError::new(format!("the artifact of `{}`: {error}", switch.to.service)))?;
    let history = release.history().await?;
    let is_newest = history.newest().is_some_and(|record| record.digest() == wanted);
    if is_newest && !switch.starts_anew() && runs(release, switch, &history).await? {
        return Ok(());
    }
    let history = repair::settle(release, "its client was gone, or had been given up").await?;
    let (revision, record) = match history.rendering(&wanted) {
        Some(record) => (record.revision(), record.clone()),
        None => {
            let kept = kept(detail, blobs).await?;
            (repair::put_back(release, &kept).await?, kept)
        }
    };
    let manifest = Manifest::read(record.manifest());
    if is_newest && switch.starts_anew() {
        start_anew(release, &manifest).await?;
    }
    roll_back(release, detail, (revision, &record), manifest).await
}

/// Takes a release away with its history, so that it is as if it had never been there. The checkpoint of the present has its
/// record, so that it can come back; what its `pre-install` hooks did, they do not do again then.
///
/// # Errors
/// It has volumes or namespaces that would take data with them, or `helm` says no.
pub(super) async fn stop(release: &Release, grace: Duration) -> Result<(), PortError> {
    let history = release.history().await?;
    let Some(newest) = history.newest().filter(|record| record.status() != Status::Uninstalled) else { return Ok(()) };
    let manifest = Manifest::read(newest.manifest());
    if let Some(first) = manifest.with_data.first() {
        let what =
            format!("release `{}` was not uninstalled: it has `{first}`, whose data would be lost", release.name());
        return Err(PortError::new(what).hint(
            "keep the data with the annotation `helm.sh/resource-policy: keep` in the chart, or run `helm uninstall` yourself",
        ));
    }
    let (namespace, environment) = (release.cluster.namespace().await?, release.cluster.environment());
    let command = argv::uninstall(&release.target(namespace, &environment), grace + BESIDE).secrets(secrets(newest));
    // Nothing is put in place, so there are no pods to watch.
    operate::run(release, Operation { command, manifest: Manifest::default() }).await
}

/// Whether the newest revision is the artifact's in every respect: nothing is run then.
async fn runs(release: &Release, switch: &Switch, history: &History) -> Result<bool, PortError> {
    let Some(known) = release.newest().await? else { return Ok(false) };
    // The watch may be a moment behind what was asked for just now.
    let is_same = history
        .newest()
        .is_some_and(|newest| newest.revision() == known.record.revision() && newest.status() == known.record.status());
    let objects = release.objects(&known.manifest).await?;
    let seen = Look::new(&known, &objects, release.cluster.namespace().await?, release.now()).seen();
    let Seen::Present(running) = seen else { return Ok(false) };
    Ok(is_same && running.busy.is_none() && running.version() == Some(&switch.to.version))
}

async fn roll_back(
    release: &Release,
    detail: &HelmArtifact,
    (revision, record): (u32, &Record),
    manifest: Manifest,
) -> Result<(), PortError> {
    let (namespace, environment) = (release.cluster.namespace().await?, release.cluster.environment());
    let timeout = Duration::from_millis(detail.rollout_ms) + BESIDE;
    let command = argv::rollback(&release.target(namespace, &environment), revision, timeout).secrets(secrets(record));
    operate::run(release, Operation { command, manifest }).await.map_err(|error| {
        if !error.what.contains("conflict") {
            return error;
        }
        // Only Helm 4 says so, of fields that somebody else has applied since.
        error.hint(format!("take the fields over: `helm rollback {} {revision} --force-conflicts`", release.name()))
    })
}

/// Has the pods of the newest revision made anew, as `kubectl rollout restart` does: going back to what is there already
/// would not. Helm leaves the annotation alone, and waits for the new pods.
async fn start_anew(release: &Release, manifest: &Manifest) -> Result<(), PortError> {
    let namespace = release.cluster.namespace().await?;
    let annotations = json!({"kubectl.kubernetes.io/restartedAt": release.now().to_string()});
    let patch = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
    let params = PatchParams { field_manager: Some("backout".to_owned()), ..PatchParams::default() };
    let is_here = |own: &Option<String>| own.as_deref().is_none_or(|own| own == namespace);
    for workload in manifest.workloads.iter().filter(|workload| is_here(&workload.namespace)) {
        let [kind, _] = kinds(workload.kind);
        match release.cluster.api(kind).await?.patch(&workload.name, &params, &Patch::Merge(&patch)).await {
            Ok(_) => {}
            // Going back makes it again.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(failed(&format!("`{}` could not be started anew", workload.words()), &error)),
        }
    }
    Ok(())
}
