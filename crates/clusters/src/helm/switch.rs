//! Making a release what was captured, and taking one away that should not be there.

use std::time::Duration;

use backout_core::id::Digest;
use backout_core::inventory::{HelmArtifact, Seen};
use backout_core::plan::Switch;
use backout_core::port::{Blobs, PortError};
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::argv::{self, Conflicts, Rollback, Wait};
use super::observe::{Look, code, digest_of};
use super::operate::{self, LOOK, Operation, Watch};
use super::platform::{detail, kept};
use super::quiet::{self, Since};
use super::record::{History, Manifest, Record, Status, Workload, secrets};
use super::release::Release;
use super::repair;
use crate::cluster::failed;
use crate::object::{made_at, moment};
use crate::pods::{Family, trouble};
use crate::workloads::{RESTARTED, kinds};

/// What any rollout may take beside what its own settings grant.
const BESIDE: Duration = Duration::from_secs(60);

/// Makes a release run an artifact: ends what was left unfinished, puts the record back where Helm has forgotten it, and has
/// `helm` go back to the revision that renders what the artifact has.
///
/// | the newest revision                     | and                                          | done                            |
/// |-----------------------------------------|----------------------------------------------|---------------------------------|
/// | is being put in place by a `helm` of ours that outlived us | it is the artifact's and gets there | it is waited for |
/// | is the artifact's, and so is its status | workloads bear the mark of being quiet       | they are brought back ([`quiet::wake`]) |
/// | is the artifact's, and so are its pods  | nothing is to be started anew                | nothing but what [`refresh`] finds |
/// | is the artifact's                       | all is to be started anew                    | pods are made anew, and a rollback waits for them |
/// | is another, or its pods are others      | the pods of all workloads are replaced, or well | a rollback that waits for them |
/// | is another, or its pods are others      | pods stay that must not ([`staying`])        | a rollback, then [`refresh`]    |
///
/// Workloads that are quiet stay so until `helm` has gone back: those of a bad version must not start on a database that has
/// gone back already. Only then are those brought back of which the chart does not say how many pods they have.
pub(super) async fn switch(release: &Release, switch: &Switch, blobs: &dyn Blobs) -> Result<(), PortError> {
    let detail = detail(&switch.to)?;
    let wanted = Digest::try_from(digest_of(&switch.to.version.code).to_owned())
        .map_err(|error| PortError::new(format!("the artifact of `{}`: {error}", switch.to.service)))?;
    let (history, is_followed) = ended(release).await?;
    let newest = history.newest().filter(|record| record.digest() == wanted);
    let arrived = newest.filter(|newest| is_followed && newest.status() == Status::Deployed);
    let is_quiet = newest.is_some_and(|newest| code(newest) == switch.to.version.code)
        && quiet::is_quiet(release, &history).await?;
    let is_there = arrived.is_some()
        || is_quiet
        || newest.is_some() && !switch.starts_anew() && runs(release, switch, &history).await?;
    if let Some(newest) = newest.filter(|_| is_there) {
        return stay(release, detail, (newest, &history), is_followed).await;
    }
    let is_newest = newest.is_some();
    let history = repair::settle(release, "its client was gone, or had been given up").await?;
    let record = match history.rendering(&wanted) {
        Some(record) => record.clone(),
        None => {
            let kept = kept(detail, blobs).await?;
            let revision = repair::put_back(release, &kept).await?;
            kept.renumbered(revision, &Status::Superseded)
        }
    };
    if is_newest && switch.starts_anew() {
        start_anew(release, &Manifest::read(record.manifest()).workloads).await?;
        roll_back(release, detail, &record, Wait::Pods).await?;
    } else {
        go_back(release, detail, history.newest(), &record).await?;
    }
    wake_rest(release, detail, &record).await
}

/// What is left to do where the newest revision is the artifact's. A run that ended between going back and starting anew, or
/// having it run again, left that to be done.
async fn stay(
    release: &Release,
    detail: &HelmArtifact,
    (newest, history): (&Record, &History),
    is_followed: bool,
) -> Result<(), PortError> {
    let manifest = Manifest::read(newest.manifest());
    let watch = Watch::begin(release, &manifest).await;
    let is_refreshed = refresh(release, newest, history.backwards().nth(1)).await?;
    let are_to_come = quiet::wake(release, history, Since::Unknown).await? || is_refreshed || is_followed;
    if are_to_come { until_well(release, detail, newest, &watch).await } else { Ok(()) }
}

/// Has workloads run again that were quiet and of which the chart does not say how many pods they have: `helm` brought the
/// others back.
async fn wake_rest(release: &Release, detail: &HelmArtifact, to: &Record) -> Result<(), PortError> {
    let manifest = Manifest::read(to.manifest());
    let watch = Watch::begin(release, &manifest).await;
    let history = release.history().await?;
    match history.newest() {
        Some(newest) if quiet::wake(release, &history, Since::Helm).await? => {
            until_well(release, detail, newest, &watch).await
        }
        _ => Ok(()),
    }
}

/// The history, once a `helm` of ours that outlived its process has ended; and whether there was one.
pub(super) async fn ended(release: &Release) -> Result<(History, bool), PortError> {
    let history = release.history().await?;
    match history.newest().filter(|record| record.status().under_way().is_some()) {
        Some(record) if operate::follow(release, &Manifest::read(record.manifest())).await? => {
            Ok((release.history().await?, true))
        }
        _ => Ok((history, false)),
    }
}

/// Goes back to a revision, and sees to it that no pod stays that must not.
async fn go_back(
    release: &Release,
    detail: &HelmArtifact,
    before: Option<&Record>,
    to: &Record,
) -> Result<(), PortError> {
    let manifest = Manifest::read(to.manifest());
    let stay = match before {
        Some(before) => staying(release, &manifest, before).await?,
        None => Vec::new(),
    };
    if stay.is_empty() {
        return roll_back(release, detail, to, Wait::Pods).await;
    }
    let watch = Watch::begin(release, &manifest).await;
    roll_back(release, detail, to, Wait::HooksOnly).await?;
    let history = release.history().await?;
    let Some(newest) = history.newest() else { return Ok(()) };
    refresh(release, newest, before).await?;
    quiet::wake(release, &history, Since::Helm).await?;
    until_well(release, detail, newest, &watch).await
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

async fn roll_back(release: &Release, detail: &HelmArtifact, to: &Record, wait: Wait) -> Result<(), PortError> {
    let (namespace, environment) = (release.cluster.namespace().await?, release.cluster.environment());
    let way = Rollback { revision: to.revision(), wait, conflicts: Conflicts::AsHelmDoes, timeout: patience(detail) };
    let operation = |way| {
        let command = argv::rollback(&release.target(namespace, &environment), way).secrets(secrets(to));
        Operation { command, manifest: Manifest::read(to.manifest()) }
    };
    match operate::run(release, operation(way)).await {
        // The API server's words: somebody (a `kubectl set image`, say) has applied a field of the release since, and it is to
        // go back with the rest. Nothing of that object was changed.
        Err(error) if error.what.contains("Apply failed with") => {
            operate::run(release, operation(Rollback { conflicts: Conflicts::GoBack, ..way })).await
        }
        ended => ended,
    }
}

/// How long a rollout of the release may take.
pub(super) fn patience(detail: &HelmArtifact) -> Duration {
    Duration::from_millis(detail.rollout_ms) + BESIDE
}

/// The workloads that Helm leaves alone when it goes back to `then`, because their template does not change, although their
/// pods are to be made anew: they read a ConfigMap or Secret that changes, or they are in trouble, and their node would try
/// again in minutes.
async fn staying(release: &Release, then: &Manifest, before: &Record) -> Result<Vec<Workload>, PortError> {
    let objects = release.objects(then).await?;
    let in_trouble = |workload: &Workload| {
        let object = objects.workload(workload.kind, &workload.name);
        let family = object.map(|object| Family::of(object, &objects.revisions, &objects.pods));
        family.is_some_and(|family| trouble(&family, release.now()).is_some())
    };
    let before = Manifest::read(before.manifest());
    let unmoved = then.unmoved_from(&before).into_iter().filter(|(workload, reads)| *reads || in_trouble(workload));
    Ok(unmoved.map(|(workload, _)| workload.clone()).collect())
}

/// Makes the pods anew of workloads that [`staying`] tells, where they are older than the newest revision; says whether there
/// were any.
async fn refresh(release: &Release, newest: &Record, before: Option<&Record>) -> Result<bool, PortError> {
    let Some(before) = before else { return Ok(false) };
    let manifest = Manifest::read(newest.manifest());
    let objects = release.objects(&manifest).await?;
    let is_older = |workload: &Workload| {
        let Some(object) = objects.workload(workload.kind, &workload.name) else { return false };
        let family = Family::of(object, &objects.revisions, &objects.pods);
        // The API tells whole seconds of when a pod was made: the workload itself tells that it has been done.
        let annotations = object.data.pointer("/spec/template/metadata/annotations");
        let restarted = annotations.and_then(|annotations| moment(annotations.get(RESTARTED)?, ""));
        restarted < newest.began_at() && family.members.iter().any(|member| made_at(member.pod) < newest.began_at())
    };
    let mut stay = staying(release, &manifest, before).await?;
    stay.retain(is_older);
    start_anew(release, &stay).await?;
    Ok(!stay.is_empty())
}

/// Waits until all pods are of the newest revision and well, or in trouble that `watch` did not see before.
async fn until_well(
    release: &Release,
    detail: &HelmArtifact,
    newest: &Record,
    watch: &Watch<'_>,
) -> Result<(), PortError> {
    let not_well = |why: String| Err(PortError::new(format!("release `{}` went back, but {why}", release.name())));
    tokio::select! {
        trouble = watch.trouble() => not_well(format!("its pods do not run: {}", trouble.what)),
        waited = tokio::time::timeout(patience(detail), well(release, newest)) => match waited {
            Ok(ended) => ended,
            Err(_) => not_well(format!("its pods were not well within {} s", patience(detail).as_secs())),
        },
    }
}

/// Ends when all instances are of the newest revision, and well.
async fn well(release: &Release, newest: &Record) -> Result<(), PortError> {
    loop {
        if let Some(known) = release.newest().await?.filter(|known| known.record.revision() == newest.revision()) {
            let objects = release.objects(&known.manifest).await?;
            let look = Look::new(&known, &objects, release.cluster.namespace().await?, release.now());
            if let Seen::Present(running) = look.seen()
                && running.is_well()
                && running.instances.iter().all(|instance| instance.version == look.version())
            {
                return Ok(());
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Has the pods of workloads made anew, as `kubectl rollout restart` does. Helm leaves the annotation alone.
async fn start_anew(release: &Release, workloads: &[Workload]) -> Result<(), PortError> {
    let namespace = release.cluster.namespace().await?;
    let annotations = json!({RESTARTED: release.now().to_string()});
    let patch = json!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
    let params = PatchParams { field_manager: Some("backout".to_owned()), ..PatchParams::default() };
    let is_here = |own: &Option<String>| own.as_deref().is_none_or(|own| own == namespace);
    for workload in workloads.iter().filter(|workload| is_here(&workload.namespace)) {
        let [kind, _] = kinds(workload.kind);
        match release.cluster.api(kind).await?.patch(&workload.name, &params, &Patch::Merge(&patch)).await {
            Ok(written) => release.cluster.live(kind).await?.reflects(&written).await?,
            // Going back makes it again.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(failed(&format!("`{}` could not be started anew", workload.words()), &error)),
        }
    }
    Ok(())
}
