//! A Rollout's status. Unlike others it tells the generation as text.
//!
//! | `phase`       | when                                                                   |
//! |---------------|------------------------------------------------------------------------|
//! | `Degraded`    | it is aborted                                                          |
//! | `Paused`      | `spec.paused`, or a step is a pause                                    |
//! | `Progressing` | not all pods are new, or not all serve, or the template is not stable  |
//! | `Healthy`     | otherwise                                                              |

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cluster::{Cluster, clock, kinds, object, set_condition};

pub(super) fn write(cluster: &Cluster, rollout: &mut Value, (hash, desired): (&str, i64), now: Timestamp) {
    let sets = cluster.store.owned(&kinds::REPLICA_SETS, object::uid(rollout));
    let sum = |name: &str| sets.iter().map(|set| object::number(set, &format!("/status/{name}"))).sum::<i64>();
    let newest = sets.iter().find(|set| object::name(set).ends_with(&format!("-{hash}")));
    let updated = newest.map_or(0, |set| object::number(set, "/status/replicas"));
    let (all, available) = (sum("replicas"), sum("availableReplicas"));
    let counts = [
        ("replicas", all),
        ("HPAReplicas", all),
        ("updatedReplicas", updated),
        ("readyReplicas", sum("readyReplicas")),
        ("availableReplicas", available),
    ];
    for (name, count) in counts {
        object::set(rollout, &["status", name], if count == 0 { Value::Null } else { json!(count) });
    }
    let generation = object::at(rollout, "/metadata/generation").to_string();
    object::set(rollout, &["status", "observedGeneration"], json!(generation));
    let is_aborted = object::is_true(rollout, "/status/abort");
    if is_aborted && object::text(rollout, "/status/abortedAt").is_empty() {
        object::set(rollout, &["status", "abortedAt"], json!(clock::text(now)));
        object::set(rollout, &["status", "pauseConditions"], Value::Null);
        object::set(rollout, &["status", "controllerPause"], Value::Null);
        object::set(rollout, &["status", "currentStepIndex"], json!(0));
    }
    let is_stable = object::text(rollout, "/status/stableRS") == hash;
    say_phase(rollout, (is_aborted, is_stable), [desired, updated, available, all], now);
}

fn say_phase(
    rollout: &mut Value,
    (is_aborted, is_stable): (bool, bool),
    [desired, updated, available, all]: [i64; 4],
    now: Timestamp,
) {
    let pause = object::text(rollout, "/status/pauseConditions/0/reason").to_owned();
    let progressing = |message: &'static str| ("Progressing", message);
    let (phase, message) = match () {
        () if is_aborted => ("Degraded", "RolloutAborted: Rollout aborted update"),
        () if object::is_true(rollout, "/spec/paused") => ("Paused", "manually paused"),
        () if !pause.is_empty() => ("Paused", pause.as_str()),
        () if updated < desired => progressing("more replicas need to be updated"),
        () if available < updated => progressing("updated replicas are still becoming available"),
        () if all > updated => progressing("old replicas are pending termination"),
        () if !is_stable => progressing("waiting for all steps to complete"),
        () => ("Healthy", ""),
    };
    let condition = match phase {
        "Degraded" => ["Progressing", "False", "RolloutAborted", "Rollout aborted update"],
        "Paused" => ["Progressing", "Unknown", "RolloutPaused", "Rollout is paused"],
        "Healthy" => ["Progressing", "True", "NewReplicaSetAvailable", "RolloutCompleted"],
        _ => ["Progressing", "True", "ReplicaSetUpdated", "ReplicaSet is progressing"],
    };
    set_condition(rollout, condition, now);
    let (phase, message) = (json!(phase), if message.is_empty() { Value::Null } else { json!(message) });
    object::set(rollout, &["status", "phase"], phase);
    object::set(rollout, &["status", "message"], message);
}
