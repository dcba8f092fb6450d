//! What a person should know of going back before it is done.

use backout_core::config::WorkloadKind;
use backout_core::inventory::{Artifact, ConfigurationKind};
use backout_core::port::{Blobs, PortError};
use kube::core::DynamicObject;

use super::canary::{is_stable, is_under_way};
use super::limits::limits;
use super::write::Act;
use crate::applier::Applier;
use crate::kubernetes::artifact::Opened;
use crate::kubernetes::capture::read;
use crate::kubernetes::configuration::{Content, act};
use crate::kubernetes::platform::KubernetesPlatform;
use crate::object::{annotation, is_true, list, name, number};

/// A sentence for each thing that a person should know.
pub(in crate::kubernetes) async fn notes(
    platform: &KubernetesPlatform,
    artifact: &Artifact,
    blobs: &dyn Blobs,
) -> Vec<String> {
    collect(platform, artifact, blobs).await.unwrap_or_default()
}

async fn collect(
    platform: &KubernetesPlatform,
    artifact: &Artifact,
    blobs: &dyn Blobs,
) -> Result<Vec<String>, PortError> {
    let service = platform.workload(&artifact.service)?;
    let opened = Opened::open(artifact, blobs).await?;
    let view = platform.view(std::slice::from_ref(&artifact.service)).await?;
    let mut notes = Vec::new();
    if let Some(there) = view.workload(service) {
        notes.extend(of_workload(there));
        if service.kind == WorkloadKind::Rollout {
            notes.extend(of_rollout(there, &opened.detail.revision));
        }
        notes.extend(limits(platform, service, there).await?);
    }
    for (key, kept) in &opened.configuration {
        let there = read(platform, &view, key).await?;
        let done = act(key, kept.as_ref(), there.as_ref(), (service.secrets, platform.clock.now()));
        let is_same = there.as_ref().and_then(Content::of).map(|it| it.seen()) == kept.as_ref().map(Content::seen);
        notes.extend(of_configuration(key.0, &key.1, &done, is_same));
    }
    Ok(notes)
}

/// What is peculiar about a workload.
fn of_workload(there: &DynamicObject) -> Vec<String> {
    let name = name(there);
    let has = |what: bool, words: String| what.then_some(words);
    let partition = number(&there.data, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    let release = annotation(there, "meta.helm.sh/release-name");
    [
        has(is_true(&there.data, "/spec/paused"), format!("`{name}` is paused, and is unpaused for its rollout")),
        has(
            partition > 0,
            format!("`{name}` is partitioned at {partition}; that ends where pods below it must go back"),
        ),
        Applier::of(&there.metadata).map(|applier| applier.warning(name)),
        release.map(|release| {
            format!("`{name}` belongs to Helm release `{release}`, which does not learn of this: see `helm`")
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How a Rollout goes back to a revision.
fn of_rollout(there: &DynamicObject, revision: &str) -> Vec<String> {
    let name = name(there);
    let has_steps = !list(&there.data, "/spec/strategy/canary/steps").is_empty();
    let mut notes = Vec::new();
    if is_under_way(there) {
        notes.push(format!("`{name}` is in the middle of a rollout, which is aborted first"));
    }
    // Within its window the controller skips the steps as well; how far that reaches is its to say.
    let has_window = number(&there.data, "/spec/rollbackWindow/revisions").is_some_and(|revisions| revisions > 0);
    if has_steps && !has_window && !is_stable(there, revision) {
        notes.push(format!(
            "`{name}` goes back through its canary steps, because what it goes back to is not its stable template; a pause \
             without an end is for somebody to end: `kubectl argo rollouts promote {name} --full`"
        ));
    }
    notes
}

/// What is peculiar about a ConfigMap or Secret.
fn of_configuration(kind: ConfigurationKind, name: &str, done: &Act, is_same: bool) -> Option<String> {
    let kind = match kind {
        ConfigurationKind::ConfigMap => "ConfigMap",
        ConfigurationKind::Secret => "Secret",
    };
    match done {
        Act::Nothing if kind == "Secret" && !is_same => {
            Some(format!("{kind} `{name}` is not as it was, and stays as it is: it may have been rotated"))
        }
        Act::Nothing => None,
        Act::Create(_) => Some(format!("{kind} `{name}` is gone, and is made again as it was")),
        Act::Replace(_) | Act::Recreate(_) => Some(format!("{kind} `{name}` goes back as well")),
        Act::Delete => Some(format!("{kind} `{name}` was not there, and is deleted")),
    }
}
