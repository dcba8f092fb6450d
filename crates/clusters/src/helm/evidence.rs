//! What is kept of a release that went bad: its history, values, manifest and hooks, and the logs and events of its pods.
//!
//! Contract: values whose name sounds secret and the content of Secrets are left out; logs may hold anything, and all of it is
//! kept encrypted.

use backout_core::id::ServiceName;
use backout_core::port::{Evidence, LogSink, LogSpan, PortError};

use super::platform::HelmPlatform;
use super::record::{History, Record, manifest_without_secrets, values_without_secrets};
use super::release::Release;
use crate::workloads::missing;

/// Hands over what the pods of a release have written.
pub(super) async fn output(release: &Release, span: LogSpan, sink: LogSink<'_>) -> Result<(), PortError> {
    match release.newest().await? {
        Some(known) => release.workloads(&known.manifest).output(span, sink).await,
        None => Ok(()),
    }
}

/// Collects what there is to know of a release.
pub(super) async fn evidence(platform: &HelmPlatform, service: &ServiceName) -> Vec<Evidence> {
    let collected = async {
        let release = platform.release(service)?;
        let history = release.history().await?;
        let mut all = of_history(release, &history);
        if let Some(known) = release.newest().await? {
            all.extend(release.workloads(&known.manifest).evidence(release.name(), release.now()).await?);
        }
        Ok::<_, PortError>(all)
    };
    collected.await.unwrap_or_else(|error| vec![missing(&format!("{service}.evidence"), &error)])
}

fn of_history(release: &Release, history: &History) -> Vec<Evidence> {
    let line = |record: &Record| {
        let began = record.began_at().map_or_else(String::new, |at| at.to_string());
        format!("{began} {}, {}: {}\n", record.words(), record.status(), record.description())
    };
    let file = |kind: &str, content: String| Evidence {
        name: format!("{}.{kind}", release.name()),
        content: content.into_bytes(),
    };
    let mut all = vec![file("history.txt", history.backwards().map(line).collect())];
    if let Some(newest) = history.newest() {
        let hook = |hook: &super::record::Hook| format!("{}: {}\n", hook.what, hook.events.join(", "));
        all.push(file("values.json", format!("{:#}\n", values_without_secrets(newest.values()))));
        all.push(file("manifest.yaml", manifest_without_secrets(newest.manifest())));
        all.push(file("hooks.txt", newest.hooks().iter().map(hook).collect()));
    }
    all
}
