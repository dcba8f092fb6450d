//! Breaking a release on purpose, for a drill: by a revision whose pods cannot run, as after a bad deploy.
//!
//! Contract: one `helm upgrade` to what is in place already, but for the templates of its workloads. No template of the chart is
//! rendered anew, none of its hooks runs, and nothing is upgraded where going back would be refused.

mod chart;

use backout_core::config::WorkloadKind;
use backout_core::inventory::Artifact;
use backout_core::port::{Blobs, Breakage, PortError, Preflight};
use serde_json::Value;

use super::argv;
use super::operate::{self, Operation};
use super::platform::{HelmPlatform, detail};
use super::preflight::preflight;
use super::record::{Manifest, Status, secrets, with_altered};
use super::switch::patience;
use crate::object::text;
use crate::workloads::break_template;

/// Gives a release a revision whose pods cannot run.
///
/// # Errors
/// Going back would be refused, the release is not in place whole or has nothing that could be broken, or `helm` says no.
pub(super) async fn break_on_purpose(
    platform: &HelmPlatform,
    artifact: &Artifact,
    breakage: &Breakage,
    blobs: &dyn Blobs,
) -> Result<String, PortError> {
    let (release, detail) = (platform.release(&artifact.service)?, detail(artifact)?);
    let name = release.name();
    if let Preflight::Gone { why } | Preflight::Unknown { why } = preflight(platform, artifact, blobs).await {
        return Err(PortError::new(format!("release `{name}` could not go back, so nothing was broken: {why}")));
    }
    let history = release.history().await?;
    let Some(newest) = history.newest().filter(|newest| newest.status() == Status::Deployed) else {
        return Err(PortError::new(format!("release `{name}` is not in place, so nothing was broken"))
            .hint("see what became of it: `helm status`, `backout status`"));
    };
    let Some(manifest) = broken(newest.manifest(), breakage) else {
        return Err(PortError::new(format!("release `{name}` has no workload that is not paused: nothing was broken"))
            .hint("resume it first (`kubectl rollout resume`), or break it by a pair of commands: `--break errors`"));
    };
    let chart = chart::write(&manifest).await?;
    let (namespace, environment) = (release.cluster.namespace().await?, release.cluster.environment());
    let target = release.target(namespace, &environment);
    let command = argv::upgrade(&target, chart.path(), patience(detail)).secrets(secrets(newest));
    operate::run(release, Operation { command, manifest: Manifest::read(&manifest) }).await?;
    Ok(format!("release `{name}` was given a revision whose pods cannot run"))
}

/// A bad version is one of the application's: what a release has beside Deployments (its database, say) stays as it is. Where
/// it has no Deployment, all of its workloads are broken.
fn broken(manifest: &str, breakage: &Breakage) -> Option<String> {
    let workloads = Manifest::read(manifest).workloads;
    let of_application = workloads.iter().any(|workload| workload.kind == WorkloadKind::Deployment);
    let is_meant = |document: &Value| match text(document, "/kind") {
        Some("Deployment") => true,
        Some("StatefulSet" | "DaemonSet") => !of_application,
        _ => false,
    };
    with_altered(manifest, &|document| is_meant(document) && break_template(document, breakage))
}

#[cfg(test)]
mod tests {
    use backout_core::policy::NO_IMAGE;

    use super::*;

    const WEB: &str = "# Source: shop/templates/web.yaml\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app, image: web:1}]}}}\n";
    const DB: &str =
        "kind: StatefulSet\nmetadata: {name: db}\nspec: {template: {spec: {containers: [{name: db, image: db:1}]}}}\n";

    fn images(manifest: &str) -> Vec<String> {
        Manifest::read(manifest).workloads.iter().flat_map(|workload| workload.images().into_values()).collect()
    }

    #[test]
    fn deployments_are_broken_and_what_is_beside_them_stays_to_the_byte() {
        let settings = "kind: ConfigMap\nmetadata: {name: settings}\ndata:\n  page: |\n    {{ .Values.tag }}\n";
        let manifest = format!("---\n{settings}---\n{WEB}---\n{DB}");
        let broken = broken(&manifest, &Breakage::Image).unwrap();
        assert_eq!(images(&broken), [NO_IMAGE, "db:1"]);
        assert!(broken.contains(settings) && broken.contains(DB), "{broken}");
    }

    #[test]
    fn where_there_is_no_deployment_all_others_are_broken_and_where_nothing_can_be_nothing_is() {
        assert_eq!(images(&broken(DB, &Breakage::Image).unwrap()), [NO_IMAGE]);
        let listed = "kind: List\nitems:\n- kind: Deployment\n  metadata: {name: web}\n  spec: {template: {spec: {containers: [{name: app, image: web:1}]}}}\n";
        assert_eq!(images(&broken(listed, &Breakage::Image).unwrap()), [NO_IMAGE]);
        assert_eq!(broken(&WEB.replace("spec: {template", "spec: {paused: true, template"), &Breakage::Crash), None);
        assert_eq!(broken("kind: ConfigMap\nmetadata: {name: a}\n", &Breakage::Crash), None);
    }
}
