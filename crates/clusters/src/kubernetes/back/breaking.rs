//! Breaking a workload on purpose, for a drill: by a template that cannot run, as after a bad deploy.
//!
//! Contract: one write, of another template than the captured one, so that going back to the artifact puts its own back. Nothing
//! is written where that way back would be refused, or would change more than the template.

use backout_core::inventory::Artifact;
use backout_core::port::{Blobs, Breakage, PortError, Preflight};
use kube::core::DynamicObject;

use super::preflight::preflight;
use super::write::{Act, write};
use crate::kubernetes::platform::KubernetesPlatform;
use crate::kubernetes::view::resource;
use crate::workloads::break_template;

/// Gives a workload a template that cannot run.
///
/// # Errors
/// Going back would be refused, the workload is not there or paused, or the API server does not take the template.
pub(in crate::kubernetes) async fn break_on_purpose(
    platform: &KubernetesPlatform,
    artifact: &Artifact,
    breakage: &Breakage,
    blobs: &dyn Blobs,
) -> Result<String, PortError> {
    let service = platform.workload(&artifact.service)?;
    if let Preflight::Gone { why } | Preflight::Unknown { why } = preflight(platform, artifact, blobs).await {
        return Err(PortError::new(format!("`{}` could not go back, so nothing was broken: {why}", service.name)));
    }
    let kind = resource(service.kind);
    let decide = |there: Option<&DynamicObject>| match there.and_then(|there| broken(there, breakage)) {
        Some(object) => Act::Replace(Box::new(object)),
        None => Act::Nothing,
    };
    let Some(written) = write(platform, (kind, &service.name), decide).await? else {
        let what = format!("`{}` is not there, paused, or has no container: nothing was broken", service.name);
        return Err(PortError::new(what).hint("resume it first: `kubectl rollout resume`"));
    };
    platform.cluster.live(kind).await?.reflects(&written).await?;
    Ok(format!("`{}` was given a template that cannot run", service.name))
}

fn broken(there: &DynamicObject, breakage: &Breakage) -> Option<DynamicObject> {
    let mut object = there.clone();
    break_template(&mut object.data, breakage).then_some(object)
}
