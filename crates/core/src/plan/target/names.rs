//! What a version of a service is called.
//!
//! | platform          | revision                                   | names                                                       | commits              |
//! |-------------------|--------------------------------------------|-------------------------------------------------------------|----------------------|
//! | Compose           |                                            | its image                                                   |                      |
//! | host, a release   |                                            | the release                                                 |                      |
//! | host, a work tree |                                            |                                                             | the one checked out  |
//! | exec              |                                            | each word of what its command calls it                      |                      |
//! | Kubernetes        | as `kubectl rollout history` counts        | its images, its ReplicaSet or ControllerRevision            |                      |
//! | Helm              | the release's                              | its chart, the chart's version, the application's, its images |                    |
//! | Argo CD           | the entry of its history                   |                                                             | of each of its sources |
//!
//! An image is called by its whole name, by any end of its path (`shop/app:v2`, `app:v2`), and by its tag.

use crate::inventory::{Artifact, Detail};

/// Host artifacts of a release folder are told by this beginning of their code.
const RELEASE: &str = "release:";

/// The revision that an artifact was, where its platform counts them.
pub(super) fn revision(artifact: &Artifact) -> Option<u64> {
    match &artifact.detail {
        Detail::Kubernetes(workload) => workload.number,
        Detail::Helm(release) => Some(u64::from(release.revision)),
        Detail::Argocd(application) => application.history.and_then(|entry| u64::try_from(entry).ok()),
        Detail::Compose(_) | Detail::Host(_) | Detail::Exec(_) | Detail::Traffic(_) => None,
    }
}

/// Whether an artifact is called so.
pub(super) fn is_called(artifact: &Artifact, typed: &str) -> bool {
    artifact.label == typed || names(artifact).iter().any(|name| *name == typed || is_image(name, typed))
}

/// What an artifact is called, the words that people use most first.
pub(super) fn names(artifact: &Artifact) -> Vec<&str> {
    match &artifact.detail {
        Detail::Compose(container) => vec![&container.image],
        Detail::Host(_) => artifact.version.code.strip_prefix(RELEASE).into_iter().collect(),
        Detail::Exec(_) => words(&artifact.label).collect(),
        Detail::Kubernetes(workload) => {
            let images = workload.images.values().map(String::as_str);
            words(&artifact.label).chain([workload.revision.as_str()]).chain(images).collect()
        }
        Detail::Helm(release) => {
            let version = chart_version(&release.chart);
            let said = words(&artifact.label).filter(|word| *word != "revision" && word.parse::<u64>().is_err());
            let images = release.images.values().map(String::as_str);
            [release.chart.as_str()].into_iter().chain(version).chain(said).chain(images).collect()
        }
        // Where users were led names no version: every second deploy of a team leads to the same colour.
        Detail::Argocd(_) | Detail::Traffic(_) => Vec::new(),
    }
}

/// The commits that an artifact is of, in full or shortened.
pub(super) fn commits(artifact: &Artifact) -> Vec<&str> {
    match &artifact.detail {
        Detail::Argocd(application) => application.revisions.iter().map(String::as_str).collect(),
        // A work tree is told by its tree; the words for a person begin with the commit.
        Detail::Host(_) if !artifact.version.code.starts_with(RELEASE) => words(&artifact.label).take(1).collect(),
        _ => Vec::new(),
    }
}

/// Whether a name is that of an image, and what was typed is an end of its path or its tag.
fn is_image(name: &str, typed: &str) -> bool {
    let name = name.split_once('@').map_or(name, |(named, _)| named);
    let is_end = name.strip_suffix(typed).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    is_end && name.contains(':') || tag(name) == Some(typed)
}

/// The tag of an image's name; a port of the registry is none.
pub(super) fn tag(name: &str) -> Option<&str> {
    let (_, tag) = name.rsplit_once(':')?;
    (!tag.contains('/')).then_some(tag)
}

/// The version at the end of `shop-1.4.2`: what follows the first `-` that numbers with a dot follow.
fn chart_version(chart: &str) -> Option<&str> {
    let behind = chart.match_indices('-').filter_map(|(at, _)| chart.get(at + 1..));
    behind.into_iter().find(|rest| {
        let first = rest.split('-').next().unwrap_or_default();
        first.contains('.') && first.strip_prefix('v').unwrap_or(first).starts_with(|c: char| c.is_ascii_digit())
    })
}

fn words(label: &str) -> impl Iterator<Item = &str> {
    let split = label.split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '+'));
    split.filter(|word| !word.is_empty())
}
