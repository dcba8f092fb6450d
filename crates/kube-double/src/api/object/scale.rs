//! The `scale` subresource: the count of replicas alone.

use serde_json::{Value, json};

use crate::api::body::body;
use crate::api::{Answer, Call, Problem, Target, Verb};
use crate::cluster::{Cluster, object};
use crate::patch::{json_patch, merge, note_update};

/// Reads or writes the count.
pub(crate) fn answer(cluster: &mut Cluster, call: &Call, verb: Verb, target: &Target) -> Result<Answer, Problem> {
    if !target.resource.has_scale {
        return Err(Problem::no_such_path());
    }
    let before = cluster.store.get(&target.key()).cloned().ok_or_else(|| Problem::not_found(target, &target.name))?;
    let wanted = match verb {
        Verb::Get => return Ok(Answer::Json(200, scale(&before))),
        Verb::Update => body(call)?,
        Verb::Patch if call.content_type.contains("json-patch+json") => {
            json_patch(scale(&before), &body(call)?).map_err(|message| Problem::new(422, message))?
        }
        Verb::Patch => merge(scale(&before), &body(call)?),
        _ => return Err(Problem::new(405, "the method is not allowed")),
    };
    let version = object::text(&wanted, "/metadata/resourceVersion");
    if !version.is_empty() && version != object::text(&before, "/metadata/resourceVersion") {
        return Err(Problem::conflict(target, &target.name));
    }
    let mut after = before.clone();
    object::set(&mut after, &["spec", "replicas"], json!(object::number(&wanted, "/spec/replicas")));
    note_update(Some(&before), &mut after, (target.resource, call.manager()));
    let kept = if call.is_dry_run() { after } else { cluster.store.put(&target.key(), after) };
    Ok(Answer::Json(200, scale(&kept)))
}

fn scale(found: &Value) -> Value {
    let mut metadata = json!({});
    for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        metadata[name] = object::at(found, &format!("/metadata/{name}"));
    }
    let pairs = object::at(found, "/spec/selector/matchLabels");
    let selector: Vec<String> = pairs
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": object::number(found, "/spec/replicas")},
        "status": {"replicas": object::number(found, "/status/replicas"), "selector": selector.join(",")},
    })
}
