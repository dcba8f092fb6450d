//! A Deployment's status.
//!
//! | condition | status | reason | when |
//! |---|---|---|---|
//! | `Available` | True | `MinimumReplicasAvailable` | at least `replicas - maxUnavailable` are available |
//! | `Available` | False | `MinimumReplicasUnavailable` | fewer are |
//! | `Progressing` | True | `NewReplicaSetAvailable` | all pods are of the template and available |
//! | `Progressing` | True | `NewReplicaSetCreated` | no pod is of the template yet |
//! | `Progressing` | True | `ReplicaSetUpdated` | not all are, or not all are available |
//! | `Progressing` | False | `ProgressDeadlineExceeded` | it came no further for `progressDeadlineSeconds` |
//! | `Progressing` | Unknown | `DeploymentPaused` | it is paused |
//! | `ReplicaFailure` | True | `FailedCreate` | a ReplicaSet's pods are refused |

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::cluster::{Cluster, kinds, object, set_condition};

/// Writes it; returns when the deadline will have passed.
pub(crate) fn write(
    cluster: &mut Cluster,
    deployment: &mut Value,
    newest: Option<&Value>,
    now: Timestamp,
) -> Option<Timestamp> {
    let uid = object::uid(deployment).to_owned();
    let sets = cluster.store.owned(&kinds::REPLICA_SETS, &uid);
    let sum = |name: &str| sets.iter().map(|set| object::number(set, &format!("/status/{name}"))).sum::<i64>();
    let of_newest = |name: &str| {
        let set = sets.iter().find(|set| newest.is_some_and(|newest| object::name(newest) == object::name(set)));
        set.map(|set| object::number(set, &format!("/status/{name}"))).unwrap_or_default()
    };
    let desired = object::number(deployment, "/spec/replicas");
    let (all, ready, available, updated) =
        (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"), of_newest("replicas"));
    let counts = [
        ("replicas", all),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("unavailableReplicas", (all.max(desired) - available).max(0)),
    ];
    for (name, count) in counts {
        object::set(deployment, &["status", name], if count == 0 { Value::Null } else { json!(count) });
    }
    let generation = object::at(deployment, "/metadata/generation");
    object::set(deployment, &["status", "observedGeneration"], generation);
    say_available(deployment, desired, available, now);
    say_refused(deployment, &sets, now);
    let is_done = updated == desired && all == desired && available == desired;
    let seen =
        format!("{updated} {} {available} {ready} {}", all - updated, newest.map(object::name).unwrap_or_default());
    say_progress(cluster, deployment, (is_done, seen), now)
}

fn say_available(deployment: &mut Value, desired: i64, available: i64, now: Timestamp) {
    let least = desired - most_unavailable(deployment, desired);
    let condition = if available >= least {
        ["Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."]
    } else {
        ["Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."]
    };
    set_condition(deployment, condition, now);
}

fn most_unavailable(deployment: &Value, desired: i64) -> i64 {
    let value = object::at(deployment, "/spec/strategy/rollingUpdate/maxUnavailable");
    let percent = value.as_str().and_then(|text| text.trim_end_matches('%').parse().ok()).unwrap_or(25);
    value.as_i64().unwrap_or(desired * percent / 100)
}

fn say_refused(deployment: &mut Value, sets: &[Value], now: Timestamp) {
    let conditions = sets.iter().flat_map(|set| object::list(set, "/status/conditions"));
    let refused = conditions.into_iter().find(|condition| object::text(condition, "/type") == "ReplicaFailure");
    let message = refused.map(|condition| object::text(condition, "/message")).unwrap_or_default();
    let status = if refused.is_some() { "True" } else { "" };
    set_condition(deployment, ["ReplicaFailure", status, "FailedCreate", message], now);
}

fn say_progress(
    cluster: &mut Cluster,
    deployment: &mut Value,
    (is_done, seen): (bool, String),
    now: Timestamp,
) -> Option<Timestamp> {
    let (uid, set) = (object::uid(deployment).to_owned(), seen.rsplit(' ').next().unwrap_or_default().to_owned());
    let before = cluster.progress.get(&uid).filter(|(before, _)| *before == seen).map(|(_, since)| *since);
    let since = before.unwrap_or(now);
    cluster.progress.insert(uid, (seen, since));
    if object::is_true(deployment, "/spec/paused") {
        set_condition(deployment, ["Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"], now);
        return None;
    }
    // Once there, a Deployment stays so though its pods fail later; only a new template starts the clock again.
    let counts = ["replicas", "updatedReplicas"].map(|name| object::number(deployment, &format!("/status/{name}")));
    if is_there(deployment) && counts[0] == counts[1] && !is_done {
        return None;
    }
    if is_done {
        let message = format!("ReplicaSet \"{set}\" has successfully progressed.");
        set_condition(deployment, ["Progressing", "True", "NewReplicaSetAvailable", &message], now);
        return None;
    }
    let seconds = deployment.pointer("/spec/progressDeadlineSeconds").and_then(Value::as_i64).unwrap_or(600);
    let deadline = since.checked_add(SignedDuration::from_secs(seconds)).ok()?;
    if now >= deadline {
        let message = format!("ReplicaSet \"{set}\" has timed out progressing.");
        set_condition(deployment, ["Progressing", "False", "ProgressDeadlineExceeded", &message], now);
        return None;
    }
    let (reason, message) = match object::number(deployment, "/status/updatedReplicas") {
        0 => ("NewReplicaSetCreated", format!("Created new replica set \"{set}\"")),
        _ => ("ReplicaSetUpdated", format!("ReplicaSet \"{set}\" is progressing.")),
    };
    set_condition(deployment, ["Progressing", "True", reason, &message], now);
    Some(deadline)
}

fn is_there(deployment: &Value) -> bool {
    let conditions = object::list(deployment, "/status/conditions");
    conditions.iter().any(|condition| object::text(condition, "/reason") == "NewReplicaSetAvailable")
}
