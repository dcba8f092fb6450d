//! Auto-sync, switched off for a way back and on again as it was.

use backout_core::port::PortError;
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::Value;

use super::application::PAUSED;
use super::{Application, request};
use crate::patched::patched;

/// Switches auto-sync off, and keeps on the Application what it was. Nothing where it is off.
pub(super) async fn pause(api: &Api<DynamicObject>, name: &str) -> Result<(), PortError> {
    let what = format!("auto-sync of `{name}` could not be paused");
    patched(api, name, &what, |object, version| request::pause(&Application::of(object), version)).await.map(drop)
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
