//! Whose number of pods an autoscaler says.
//!
//! Contract: what is told is at most a second old, so that two hundred workloads that are looked into at once cost one request
//! and not two hundred.

use std::sync::Arc;

use backout_core::config::KubernetesService;
use backout_core::port::PortError;
use jiff::{SignedDuration, Timestamp};
use kube::api::ListParams;
use kube::core::DynamicObject;
use tokio::sync::Mutex;

use super::platform::KubernetesPlatform;
use crate::cluster::{Kind, failed};
use crate::object::text;

/// For how long one answer holds.
const HOLDS: SignedDuration = SignedDuration::from_secs(1);

/// The autoscalers of one namespace, as they were told last.
#[derive(Default)]
pub(super) struct Autoscalers {
    told: Mutex<Option<(Timestamp, Arc<Scaled>)>>,
}

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

/// The autoscalers. Those who ask at the same time wait for one answer; one that failed is not kept.
///
/// # Errors
/// They could not be listed.
pub(super) async fn autoscaled(platform: &KubernetesPlatform) -> Result<Arc<Scaled>, PortError> {
    let mut told = platform.autoscalers.told.lock().await;
    let now = platform.clock.now();
    if let Some((at, scaled)) = told.as_ref()
        && (*at..*at + HOLDS).contains(&now)
    {
        return Ok(Arc::clone(scaled));
    }
    let scaled = Arc::new(ask(platform).await?);
    *told = Some((now, Arc::clone(&scaled)));
    Ok(scaled)
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
