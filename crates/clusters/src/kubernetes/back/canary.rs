//! What is Argo Rollouts' own about going back: a canary under way is aborted, and a Rollout has arrived when its controller
//! says so.
//!
//! As its source has it (`rollout/canary.go`, `pkg/kubectl-argo-rollouts/cmd/abort`, August 2026): a template that is the stable
//! one again skips all steps, and any other template goes through them.

use backout_core::config::{KubernetesService, WorkloadKind};
use backout_core::port::PortError;
use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::write::MANAGER;
use crate::cluster::Kind;
use crate::kubernetes::platform::KubernetesPlatform;
use crate::object::{is_true, list, name, number, text};
use crate::pods::{Family, is_observed};

/// The label of ReplicaSets and pods that says which template they are of.
const HASH: &str = "rollouts-pod-template-hash";

/// Aborts what a Rollout does, so that pods of its stable template come at once, before its template goes back.
///
/// Where that cannot be done the template that goes back ends the canary as well, only later: nothing hangs on it.
pub(super) async fn abort(platform: &KubernetesPlatform, service: &KubernetesService) -> Result<(), PortError> {
    let api = platform.cluster.api(Kind::Rollout).await?;
    let there = api.get_opt(&service.name).await;
    let is_under_way = there.ok().flatten().is_some_and(|there| is_under_way(&there));
    if !is_under_way {
        return Ok(());
    }
    let patch = Patch::Merge(json!({"status": {"abort": true}}));
    let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
    match api.patch_status(&service.name, &parameters, &patch).await {
        // Very old definitions of the kind have no subresource.
        Err(kube::Error::Api(status)) if status.code == 404 => {
            drop(api.patch(&service.name, &parameters, &patch).await);
        }
        Ok(_) | Err(_) => {}
    }
    Ok(())
}

/// Whether a Rollout is between its stable template and another.
pub(super) fn is_under_way(there: &DynamicObject) -> bool {
    let status = |field: &str| text(&there.data, &format!("/status/{field}")).filter(|text| !text.is_empty());
    let (stable, current) = (status("stableRS"), status("currentPodHash"));
    stable.is_some() && current.is_some() && stable != current && !is_true(&there.data, "/status/abort")
}

/// Whether a ReplicaSet of that name is of a Rollout's stable template.
pub(in crate::kubernetes) fn is_stable(there: &DynamicObject, revision: &str) -> bool {
    let stable = text(&there.data, "/status/stableRS").filter(|stable| !stable.is_empty());
    stable.is_some_and(|stable| revision.strip_suffix(stable).is_some_and(|rest| rest.ends_with('-')))
}

/// Whether the controller is done with a workload: of all kinds but Rollouts the pods alone tell.
///
/// | a Rollout                                                     | is done |
/// |---------------------------------------------------------------|---------|
/// | its controller has not seen it as it is now                   | no      |
/// | its stable template is another than its newest                | no      |
/// | its phase is another than `Healthy`                           | no      |
/// | otherwise; before version 1.0 there is no phase               | yes     |
pub(super) fn is_done(service: &KubernetesService, family: &Family<'_>) -> bool {
    if service.kind != WorkloadKind::Rollout {
        return true;
    }
    let there = family.workload;
    let newest = family.current.and_then(|revision| crate::object::label(revision, HASH));
    let is_healthy = text(&there.data, "/status/phase").is_none_or(|phase| phase == "Healthy");
    is_observed(there) && is_healthy && newest.is_some() && text(&there.data, "/status/stableRS") == newest
}

/// What a Rollout waits for that nobody but a person brings: a pause without an end.
pub(super) fn waits(service: &KubernetesService, there: &DynamicObject) -> Option<PortError> {
    let has_paused = !list(&there.data, "/status/pauseConditions").is_empty();
    if service.kind != WorkloadKind::Rollout || !has_paused || !is_observed(there) {
        return None;
    }
    let step = number(&there.data, "/status/currentStepIndex").unwrap_or(0);
    let pause = there.data.pointer(&format!("/spec/strategy/canary/steps/{step}/pause"));
    let ends = |value: &Value| value.get("duration").is_some_and(|duration| !duration.is_null());
    let promotes = |value: &Value| number(value, "/autoPromotionSeconds").is_some_and(|seconds| seconds > 0);
    let ends_by_itself =
        pause.is_some_and(ends) || there.data.pointer("/spec/strategy/blueGreen").is_some_and(promotes);
    if ends_by_itself {
        return None;
    }
    let (name, namespace) = (name(there), there.metadata.namespace.as_deref().unwrap_or_default());
    let what =
        format!("Rollout `{name}` is on its way back and waits in a pause of its own strategy until it is promoted");
    let hint = format!("`kubectl argo rollouts promote {name} --full --namespace {namespace}`, then `backout resume`");
    Some(PortError::new(what).hint(hint))
}
