//! What is recorded of an answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Which counts a workload's status has, and its conditions with their reasons.
pub(super) fn workload(found: &Value) -> Value {
    let status = found["status"].as_object().unwrap();
    let names: Vec<&String> =
        status.keys().filter(|name| !["conditions", "terminatingReplicas"].contains(&name.as_str())).collect();
    json!({"kind": found["kind"], "apiVersion": found["apiVersion"], "status": names, "conditions": conditions(found)})
}

fn conditions(found: &Value) -> BTreeMap<String, String> {
    let conditions = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let part = |condition: &Value, name: &str| condition[name].as_str().unwrap_or_default().to_owned();
    let pair = |condition: &Value| {
        (
            part(condition, "type"),
            format!("{} {}", part(condition, "status"), part(condition, "reason")).trim().to_owned(),
        )
    };
    conditions.iter().map(pair).collect()
}

/// A pod's phase and how its container is. Of its conditions the four that every version has.
pub(super) fn pod(found: &Value) -> Value {
    let status = &found["status"]["containerStatuses"][0];
    let mut conditions = conditions(found);
    conditions.retain(|name, _| ["PodScheduled", "Initialized", "ContainersReady", "Ready"].contains(&name.as_str()));
    json!({
        "phase": found["status"]["phase"],
        "conditions": conditions,
        "state": state(&status["state"]),
        "last state": state(&status["lastState"]),
        "ready": status["ready"],
        "runs a digest": status["imageID"].as_str().unwrap_or_default().contains("@sha256:"),
        "owner": found["metadata"]["ownerReferences"][0]["kind"],
    })
}

/// `waiting ImagePullBackOff`, `running`, `terminated Error 1`.
fn state(state: &Value) -> Value {
    let Some((name, details)) = state.as_object().and_then(|state| state.iter().next()) else { return Value::Null };
    let words =
        [details["reason"].as_str().map(str::to_owned), details["exitCode"].as_i64().map(|code| code.to_string())];
    json!([Some(name.clone())].into_iter().chain(words).flatten().collect::<Vec<_>>().join(" "))
}

/// The numbers of the ReplicaSets, sorted, those without pods in brackets.
pub(super) fn revisions(sets: &Value) -> Value {
    let mut numbers: Vec<(i64, bool)> =
        sets["items"].as_array().unwrap().iter().map(|set| (revision(set), set["spec"]["replicas"] == 0)).collect();
    numbers.sort_unstable();
    let text = |(number, is_empty): (i64, bool)| if is_empty { format!("({number})") } else { number.to_string() };
    json!(numbers.into_iter().map(text).collect::<Vec<_>>())
}

fn revision(set: &Value) -> i64 {
    let text = set["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str();
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The template hash of the newest ReplicaSet.
pub(super) fn newest(sets: &Value) -> String {
    let newest = sets["items"].as_array().unwrap().iter().max_by_key(|set| revision(set)).unwrap();
    newest["metadata"]["labels"]["pod-template-hash"].as_str().unwrap().to_owned()
}

/// The kind of error, as the client says it: what stands in the first parentheses, or else its first words.
pub(super) fn error(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let reason = line.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let words = || line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    reason.map_or_else(words, |(reason, _)| reason.to_owned())
}
