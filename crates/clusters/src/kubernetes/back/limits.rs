//! Who else has a say in how many pods a workload has: autoscalers and disruption budgets.

use backout_core::config::{KubernetesService, WorkloadKind};
use backout_core::port::PortError;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::ListParams;
use kube::core::{DynamicObject, Selector, SelectorExt as _};

use crate::cluster::{Kind, failed};
use crate::kubernetes::autoscalers::{Scaled, autoscaled};
use crate::kubernetes::platform::KubernetesPlatform;
use crate::object::{name, number};

/// A sentence for each of them.
///
/// | what is there               | what is said                                                                |
/// |-----------------------------|-----------------------------------------------------------------------------|
/// | an autoscaler               | it owns the number of pods, which is left alone                             |
/// | autoscalers cannot be seen  | one may own it, so it is left alone                                         |
/// | a disruption budget         | how many pods it lets away; that it is for evictions, and not for a rollout |
pub(super) async fn limits(
    platform: &KubernetesPlatform,
    service: &KubernetesService,
    there: &DynamicObject,
) -> Result<Vec<String>, PortError> {
    let workload = name(there);
    let mut notes = Vec::new();
    // The nodes say how many pods a DaemonSet has.
    if service.kind != WorkloadKind::DaemonSet {
        notes.extend(match &*autoscaled(platform).await? {
            Scaled::Unseen => Some(format!(
                "whether an autoscaler owns how many pods `{workload}` has may not be seen: their number is left alone"
            )),
            scaled @ Scaled::These(_) => scaled
                .is(service)
                .then(|| format!("an autoscaler owns how many pods `{workload}` has: their number is left alone")),
        });
    }
    for budget in platform.budgets.or_ask(|| platform.clock.now(), budgets(platform)).await?.iter() {
        if !covers(budget, there) {
            continue;
        }
        let allows = match number(&budget.data, "/status/disruptionsAllowed") {
            Some(count) => format!("allows {count} of the pods of `{workload}` to be evicted"),
            None => format!("is for the pods of `{workload}`, and not counted yet"),
        };
        notes.push(format!(
            "disruption budget `{}` {allows}; a rollout is not held up by it and goes by the workload's own strategy",
            name(budget)
        ));
    }
    Ok(notes)
}

/// The disruption budgets of the namespace; none where they may not be seen: nothing hangs on them.
async fn budgets(platform: &KubernetesPlatform) -> Result<Vec<DynamicObject>, PortError> {
    match platform.cluster.api(Kind::PodDisruptionBudget).await?.list(&ListParams::default()).await {
        Ok(budgets) => Ok(budgets.items),
        Err(kube::Error::Api(status)) if [403, 404].contains(&status.code) => Ok(Vec::new()),
        Err(error) => Err(failed("the disruption budgets could not be listed", &error)),
    }
}

/// Whether a budget is for the pods of a workload, by the labels of its template. One without a selector is for none, and an
/// empty selector for all.
fn covers(budget: &DynamicObject, workload: &DynamicObject) -> bool {
    let Some(selector) = budget.data.pointer("/spec/selector").filter(|selector| !selector.is_null()) else {
        return false;
    };
    let selector: Option<LabelSelector> = serde_json::from_value(selector.clone()).ok();
    let selector: Option<Selector> = selector.and_then(|selector| selector.try_into().ok());
    let labels = workload.data.pointer("/spec/template/metadata/labels").cloned().unwrap_or_default();
    let labels = serde_json::from_value(labels).unwrap_or_default();
    selector.is_some_and(|selector| selector.matches(&labels))
}
