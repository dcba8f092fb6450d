//! Whose number of pods an autoscaler says.

use std::sync::Arc;

use backout_core::config::KubernetesService;
use backout_core::port::PortError;
use kube::api::ListParams;
use kube::core::DynamicObject;

use super::platform::KubernetesPlatform;
use crate::cluster::{Kind, failed};
use crate::object::text;

/// Whose number of pods an autoscaler says.
pub(super) enum Scaled {
    /// The workloads, by kind and name.
    These(Vec<(String, String)>),
    /// Nobody may say, so any may be.
    Unseen,
}

impl Scaled {
    /// Whether an autoscaler may say how many pods a workload has.
    pub(super) fn is(&self, workload: &KubernetesService) -> bool {
        let is_it = |(kind, name): &(String, String)| {
            kind.eq_ignore_ascii_case(workload.kind.as_str()) && *name == workload.name
        };
        match self {
            Scaled::These(targets) => targets.iter().any(is_it),
            Scaled::Unseen => true,
        }
    }
}

/// The autoscalers, as they were a second ago at most.
///
/// # Errors
/// They could not be listed.
pub(super) async fn autoscaled(platform: &KubernetesPlatform) -> Result<Arc<Scaled>, PortError> {
    platform.autoscalers.or_ask(|| platform.clock.now(), ask(platform)).await
}

/// Asks for the autoscalers. An account that may not see them must not overwrite what they say.
async fn ask(platform: &KubernetesPlatform) -> Result<Scaled, PortError> {
    let api = platform.cluster.api(Kind::HorizontalPodAutoscaler).await?;
    match api.list(&ListParams::default()).await {
        Ok(scalers) => {
            let target = |scaler: &DynamicObject| {
                let field = |name: &str| text(&scaler.data, &format!("/spec/scaleTargetRef/{name}")).map(str::to_owned);
                Some((field("kind")?, field("name")?))
            };
            Ok(Scaled::These(scalers.items.iter().filter_map(target).collect()))
        }
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Scaled::These(Vec::new())),
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(Scaled::Unseen),
        Err(error) => Err(failed("the autoscalers could not be listed", &error)),
    }
}
