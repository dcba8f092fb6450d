//! Looking at the cluster from outside, the same for everybody who recovers: when the workload is well again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::double::{Double, ask};
use super::shop::BAD;
use crate::failure::Failure;

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/web";
const PODS: &str = "/api/v1/namespaces/default/pods";
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// How long it may take after whoever recovered has ended.
const AFTER: Duration = Duration::from_secs(30);

/// Looks at `web` in a thread of its own.
pub(super) struct Observer {
    is_over: Arc<AtomicBool>,
    looking: JoinHandle<Option<Instant>>,
}

impl Observer {
    pub(super) fn start(double: &Double) -> Self {
        let (api, is_over) = (double.address(), Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&is_over);
        Self { is_over, looking: std::thread::spawn(move || look_until_well(&api, &told)) }
    }

    /// When `web` was well again, after it had been given the bad version. To be asked once whoever recovers it has ended.
    pub(super) fn well_at(self) -> Result<Instant, Failure> {
        let limit = Instant::now() + AFTER;
        while !self.looking.is_finished() && Instant::now() < limit {
            std::thread::sleep(PAUSE);
        }
        self.is_over.store(true, Ordering::Relaxed);
        let seen = self.looking.join().ok().flatten();
        seen.ok_or_else(|| Failure::Check("`web` was not given the bad version, or did not get well again".to_owned()))
    }
}

fn look_until_well(api: &str, is_over: &AtomicBool) -> Option<Instant> {
    let look = |path: &str| ask(api, "GET", path, "").ok();
    let good = look(PODS).map(|pods| digest(&pods["items"][0]).to_owned())?;
    let mut was_bad = false;
    while !is_over.load(Ordering::Relaxed) {
        if let Some((deployment, pods)) = look(DEPLOYMENT).zip(look(PODS)) {
            was_bad |= is_bad(&deployment);
            if was_bad && is_well(&deployment, &pods, &good) {
                return Some(Instant::now());
            }
        }
        std::thread::sleep(PAUSE);
    }
    None
}

/// Whether the Deployment asks for anything but the bad version, its controller has seen that and says that all pods are
/// updated and available, and every pod that is not on its way out runs the good image, by digest, and is ready.
fn is_well(deployment: &Value, pods: &Value, good: &str) -> bool {
    let (spec, status) = (&deployment["spec"], &deployment["status"]);
    let is_all = |name: &str| status[name] == spec["replicas"];
    let is_rolled_out = !is_bad(deployment)
        && status["observedGeneration"] == deployment["metadata"]["generation"]
        && ["replicas", "updatedReplicas", "availableReplicas"].into_iter().all(is_all);
    let pods = pods["items"].as_array().into_iter().flatten();
    let mut stay = pods.filter(|pod| pod["metadata"].get("deletionTimestamp").is_none());
    is_rolled_out && stay.all(|pod| digest(pod) == good && pod["status"]["containerStatuses"][0]["ready"] == true)
}

fn is_bad(deployment: &Value) -> bool {
    deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().is_some_and(|image| image.contains(BAD))
}

fn digest(pod: &Value) -> &str {
    pod["status"]["containerStatuses"][0]["imageID"].as_str().unwrap_or_default()
}
