//! Running `helm`, with an eye on the pods beside it.
//!
//! Contract: however it ends, the release is not left `pending`. `helm` runs in a task of its own: where the caller is dropped,
//! the task ends `helm` by SIGINT, waits for it, and marks the release. Where this process dies, the next switch does so.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::time::Duration;

use backout_adapters::command::{Command, Ended, Piped, interrupt_group, is_alive, outlived, spawn_piped};
use backout_core::inventory::Standing;
use backout_core::port::PortError;
use kube::core::DynamicObject;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::argv;
use super::record::Manifest;
use super::release::Release;
use super::repair;
use crate::object::{condition, text, uid};
use crate::pods::{Family, refused, restarts, trouble};

/// How long new pods may be in trouble before `helm` is ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same for a `helm` of which nobody knows how the pods were before it began.
const LONGER: Duration = Duration::from_secs(30);

/// How often the pods are looked at. It costs no request.
pub(super) const LOOK: Duration = Duration::from_millis(200);

/// How long `helm` has to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);

/// What is done with a release.
pub(super) struct Operation {
    pub(super) command: Command,
    /// What it puts in place; its pods are watched.
    pub(super) manifest: Manifest,
}

/// Runs an operation to its end.
///
/// # Errors
/// `helm` says no, or its new pods do not get to run; what they say is in the error.
pub(super) async fn run(release: &Release, operation: Operation) -> Result<(), PortError> {
    // Dropping this future drops `held`, of which the task hears.
    let (held, let_go) = oneshot::channel();
    let (release, at_work) = (release.clone(), release.at_work().await);
    let ended = tokio::spawn(async move {
        let ended = operate(release, operation, let_go).await;
        drop(at_work);
        ended
    });
    let ended = ended.await;
    drop(held);
    ended.unwrap_or_else(|error| Err(PortError::new(format!("`helm` could not be followed: {error}"))))
}

/// Why it is no longer waited for.
enum End {
    Itself(Ended),
    Trouble(Standing),
    LetGo,
}

async fn operate(release: Release, operation: Operation, let_go: oneshot::Receiver<()>) -> Result<(), PortError> {
    let watch = Watch::begin(&release, &operation.manifest).await;
    let shown = operation.command.to_string();
    let mut helm = spawn_piped(&operation.command)?;
    drain(&mut helm);
    let end = tokio::select! {
        ended = helm.wait() => End::Itself(ended?),
        trouble = watch.trouble() => End::Trouble(trouble),
        _ = let_go => End::LetGo,
    };
    let (why, ended) = match end {
        End::Itself(ended) if ended.status.success() => return Ok(()),
        End::Itself(ended) => (helm.failure(&ended).to_string(), ended),
        End::Trouble(trouble) => {
            let why = format!("`{shown}` was ended, because what it starts does not run: {}", trouble.what);
            (why, helm.interrupt(GRACE).await?)
        }
        End::LetGo => (format!("`{shown}` was ended before it was done"), helm.interrupt(GRACE).await?),
    };
    // It was asked to end at the moment when it had.
    if ended.status.success() {
        return Ok(());
    }
    match repair::settle(&release, &why).await {
        Ok(_) => Err(PortError::new(why)),
        Err(error) => Err(PortError::new(format!("{why}; the release may be left pending: {}", error.what))
            .hint("`backout resume`, or `backout rollback` where the run has ended, looks again and repairs it")),
    }
}

/// Waits for a `helm` of ours that has outlived the process which started it: mostly it is at the very thing that is wanted,
/// and another one would cross it. Says whether there was one on this machine; how it ended, its record says.
///
/// # Errors
/// What the cluster is reached with cannot be read.
pub(super) async fn follow(release: &Release, manifest: &Manifest) -> Result<bool, PortError> {
    let (namespace, environment) = (release.cluster.namespace().await?, release.cluster.environment());
    let Some(helm) = outlived(argv::MARK, &argv::mark(&release.target(namespace, &environment))) else {
        return Ok(false);
    };
    let watch = Watch::of(release, manifest, LONGER);
    let ends = async {
        while is_alive(helm) {
            sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = ends => {}
        _ = watch.trouble() => drop(interrupt_group(helm, GRACE).await),
    }
    Ok(true)
}

/// Reads what it prints, so that it is never held up by us, nor ended for want of a reader.
fn drain(helm: &mut Piped) {
    drop(helm.stdin());
    if let Some(mut stdout) = helm.stdout() {
        tokio::task::spawn_blocking(move || {
            let mut chunk = [0; 4096];
            while matches!(stdout.read(&mut chunk), Ok(1..)) {}
        });
    }
}

/// How the workloads were before `helm` began: what was wrong then is not its doing, unless it was tried again since.
pub(super) struct Watch<'a> {
    release: &'a Release,
    manifest: &'a Manifest,
    /// Pods that were not ready, by their ids, with how often they had been started again.
    unwell: BTreeMap<String, i64>,
    generations: BTreeMap<String, Option<i64>>,
    said: BTreeSet<String>,
    /// How long new pods may be in trouble.
    patience: Duration,
}

impl<'a> Watch<'a> {
    /// One that knows of nothing before.
    fn of(release: &'a Release, manifest: &'a Manifest, patience: Duration) -> Self {
        let (unwell, generations, said) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { release, manifest, unwell, generations, said, patience }
    }

    pub(super) async fn begin(release: &'a Release, manifest: &'a Manifest) -> Self {
        let mut watch = Self::of(release, manifest, PATIENCE);
        if let Ok(objects) = release.objects(manifest).await {
            let unwell = objects.pods.iter().filter(|pod| !is_ready(pod));
            watch.unwell = unwell.map(|pod| (uid(pod).to_owned(), restarts(pod))).collect();
            for workload in &manifest.workloads {
                let Some(object) = objects.workload(workload.kind, &workload.name) else { continue };
                // What its pods say is told apart by pods.
                let family = Family::of(object, &objects.revisions, &[]);
                watch.generations.insert(workload.words(), object.metadata.generation);
                watch.said.extend(trouble(&family, release.now()).map(|standing| standing.what));
            }
        }
        watch
    }

    /// Ends when new pods have been in trouble for as long as they may be.
    pub(super) async fn trouble(&self) -> Standing {
        let mut since: Option<Instant> = None;
        let mut there = BTreeSet::new();
        loop {
            match self.look(&mut there).await {
                Some(trouble) if since.get_or_insert_with(Instant::now).elapsed() >= self.patience => return trouble,
                Some(_) => {}
                None => since = None,
            }
            sleep(LOOK).await;
        }
    }

    /// Trouble of workloads that `helm` has changed by now, in pods that are new, were well before, or were started again
    /// since; and a workload that is gone although it was `there`, which `helm` would wait for. A look that fails says
    /// nothing.
    async fn look(&self, there: &mut BTreeSet<String>) -> Option<Standing> {
        let objects = self.release.objects(self.manifest).await.ok()?;
        self.manifest.workloads.iter().find_map(|workload| {
            let words = workload.words();
            let Some(object) = objects.workload(workload.kind, &workload.name) else {
                let was_there = there.contains(&words) || self.generations.contains_key(&words);
                let what = format!("`{words}` is gone: somebody deleted it, or its namespace");
                return was_there.then_some(Standing { what, since: None });
            };
            there.insert(words);
            if self.generations.get(&workload.words()) == Some(&object.metadata.generation) {
                return None;
            }
            let mut family = Family::of(object, &objects.revisions, &objects.pods);
            let is_news = |pod: &DynamicObject| self.unwell.get(uid(pod)).is_none_or(|before| restarts(pod) > *before);
            family.members.retain(|member| is_news(member.pod));
            let found = trouble(&family, self.release.now()).or_else(|| refused(&family, &objects.refusals));
            found.filter(|standing| !self.said.contains(&standing.what))
        })
    }
}

fn is_ready(pod: &DynamicObject) -> bool {
    condition(&pod.data, "Ready").is_some_and(|ready| text(ready, "/status") == Some("True"))
}
