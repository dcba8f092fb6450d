//! Auto-sync, switched off for a way back and on again as it was.

use backout_core::port::PortError;
use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::Value;

use super::application::PAUSED;
use super::{Application, request};
use crate::cluster::{Patience, failed, is_crossed, is_momentary, patiently};

/// Switches auto-sync off, and keeps on the Application what it was. Nothing where it is off.
pub(super) async fn pause(api: &Api<DynamicObject>, name: &str) -> Result<(), PortError> {
    let what = format!("auto-sync of `{name}` could not be paused");
    patched(api, name, &what, |object, version| request::pause(&Application::of(object), version)).await
}

/// Switches auto-sync on as it was before it was paused. False where it was not paused by us.
pub(super) async fn rearm(api: &Api<DynamicObject>, name: &str) -> Result<bool, PortError> {
    let what = format!("auto-sync of `{name}` could not be switched on again");
    let mut is_paused = false;
    patched(api, name, &what, |object, version| {
        let kept = object.annotations().get(PAUSED).and_then(|kept| serde_json::from_str::<Value>(kept).ok())?;
        is_paused = true;
        Some(request::rearm(&kept, version))
    })
    .await?;
    Ok(is_paused)
}

/// Whether it may succeed once the Application has been read again.
pub(super) fn may_pass(error: &kube::Error) -> bool {
    is_crossed(error) || is_momentary(error)
}

/// Patches what was just looked at, again where somebody else wrote in between or the API server was away for a moment.
/// `None` changes nothing.
pub(super) async fn patched(
    api: &Api<DynamicObject>,
    name: &str,
    what: &str,
    mut patch: impl FnMut(&DynamicObject, &str) -> Option<Value>,
) -> Result<(), PortError> {
    let parameters = PatchParams::default();
    let mut patience = Patience::default();
    loop {
        let object = patiently(is_momentary, || api.get(name)).await.map_err(|error| failed(what, &error))?;
        let version = object.resource_version().unwrap_or_default();
        let Some(patch) = patch(&object, &version) else { return Ok(()) };
        match api.patch(name, &parameters, &Patch::Merge(&patch)).await {
            Ok(_) => return Ok(()),
            Err(error) if may_pass(&error) => patience.bears(error).await.map_err(|error| failed(what, &error))?,
            Err(error) => return Err(failed(what, &error)),
        }
    }
}
