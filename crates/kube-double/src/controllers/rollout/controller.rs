//! One look at a Rollout.
//!
//! | what is so                                   | what becomes of it                                                     |
//! |----------------------------------------------|------------------------------------------------------------------------|
//! | no template is the stable one yet            | the present one is, at once                                            |
//! | the template is another than the last time   | the steps begin anew, an abort is over; none is left if it is the stable one |
//! | `status.promoteFull`                         | no step is left, an abort is over                                      |
//! | `status.abort`                               | all pods are of the stable template; it does not come further          |
//! | no step is left, and all new pods serve      | the template is the stable one                                         |

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Key, object};
use crate::controllers::deployment;
use crate::controllers::rollout::{sets, status, steps};

pub(crate) fn reconcile(cluster: &mut Cluster, key: &Key, rollout: Value, now: Timestamp) -> Option<Timestamp> {
    let mut rollout = rollout;
    let hash = deployment::hash(&object::at(&rollout, "/spec/template"));
    let (newest, others) = sets::split(cluster, key, &rollout, &hash);
    let desired = rollout.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    if object::text(&rollout, "/status/stableRS").is_empty() {
        object::set(&mut rollout, &["status", "stableRS"], json!(hash));
    }
    if object::text(&rollout, "/status/currentPodHash") != hash {
        reset(&mut rollout, &hash);
    }
    if object::is_true(&rollout, "/status/promoteFull") {
        steps::skip_all(&mut rollout);
    }
    let is_stable = object::text(&rollout, "/status/stableRS") == hash;
    let mut due = None;
    if !object::is_true(&rollout, "/spec/paused") {
        let weight = if is_stable { 100 } else { steps::weight(&rollout) };
        let is_settled = sets::scale(cluster, (&newest, &others), &rollout, (desired, weight));
        if !is_stable && !object::is_true(&rollout, "/status/abort") {
            due = steps::advance(&mut rollout, is_settled, now);
        }
    }
    let serves = object::number(&newest, "/status/availableReplicas") >= desired;
    if serves && steps::are_done(&rollout) && !object::is_true(&rollout, "/status/abort") {
        object::set(&mut rollout, &["status", "stableRS"], json!(hash));
        object::set(&mut rollout, &["status", "promoteFull"], Value::Null);
    }
    status::write(cluster, &mut rollout, (&hash, desired), now);
    cluster.store.put(key, rollout);
    due
}

/// The template has changed.
fn reset(rollout: &mut Value, hash: &str) {
    for name in ["abort", "abortedAt", "pauseConditions", "controllerPause", "promoteFull"] {
        object::set(rollout, &["status", name], Value::Null);
    }
    object::set(rollout, &["status", "currentPodHash"], json!(hash));
    let is_stable = object::text(rollout, "/status/stableRS") == hash;
    if is_stable { steps::skip_all(rollout) } else { steps::begin(rollout) }
}
