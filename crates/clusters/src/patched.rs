//! Patching one object: decided from how it is, refused by the API server where it has changed since, and decided anew then.

use backout_core::port::PortError;
use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::Value;

use crate::cluster::{Patience, failed, is_crossed, is_momentary, patiently};

/// Whether it may succeed once the object has been read again.
pub(crate) fn may_pass(error: &kube::Error) -> bool {
    is_crossed(error) || is_momentary(error)
}

/// Patches what was just looked at, again where somebody else wrote in between or the API server was away for a moment.
/// The patch names the version that it is given; `None` changes nothing. Answers with the object as it was written.
///
/// # Errors
/// The object is not there, or the API server says no.
pub(crate) async fn patched(
    api: &Api<DynamicObject>,
    name: &str,
    what: &str,
    mut patch: impl FnMut(&DynamicObject, &str) -> Option<Value>,
) -> Result<Option<DynamicObject>, PortError> {
    let parameters = PatchParams::default();
    let mut patience = Patience::default();
    loop {
        let object = patiently(is_momentary, || api.get(name)).await.map_err(|error| failed(what, &error))?;
        let version = object.resource_version().unwrap_or_default();
        let Some(patch) = patch(&object, &version) else { return Ok(None) };
        match api.patch(name, &parameters, &Patch::Merge(&patch)).await {
            Ok(written) => return Ok(Some(written)),
            Err(error) if may_pass(&error) => patience.bears(error).await.map_err(|error| failed(what, &error))?,
            Err(error) => return Err(failed(what, &error)),
        }
    }
}
