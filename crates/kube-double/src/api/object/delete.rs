//! DELETE of one object or of many.

use serde_json::{Value, json};

use crate::api::body::body;
use crate::api::object::read::selected;
use crate::api::{Answer, Call, Problem, Target};
use crate::cluster::{Cluster, object};
use crate::controllers;

/// Deletes one object, if it is the one that the preconditions name.
pub(crate) fn one(cluster: &mut Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let options = body(call)?;
    let found = cluster.store.get(&target.key()).cloned().ok_or_else(|| Problem::not_found(target, &target.name))?;
    for name in ["uid", "resourceVersion"] {
        let wanted = object::text(&options, &format!("/preconditions/{name}"));
        if !wanted.is_empty() && wanted != object::text(&found, &format!("/metadata/{name}")) {
            return Err(Problem::conflict(target, &target.name));
        }
    }
    if !call.is_dry_run() {
        controllers::delete(cluster, &target.key(), orphans(call, &options));
    }
    let details = json!({
        "name": target.name, "group": target.resource.group, "kind": target.resource.plural, "uid": object::uid(&found),
    });
    // What is still there, waiting for its finalizers, is what the client gets.
    match cluster.store.get(&target.key()) {
        Some(left) if !call.is_dry_run() => Ok(Answer::Json(200, left.clone())),
        _ => Ok(Answer::Json(200, success(details))),
    }
}

/// Deletes all that the selectors match.
pub(crate) fn all(cluster: &mut Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let options = body(call)?;
    let keys: Vec<_> = selected(cluster, call, target).into_iter().map(|(key, _)| key).collect();
    for key in keys.iter().filter(|_| !call.is_dry_run()) {
        controllers::delete(cluster, key, orphans(call, &options));
    }
    Ok(Answer::Json(200, success(json!({"group": target.resource.group, "kind": target.resource.plural}))))
}

fn orphans(call: &Call, options: &Value) -> bool {
    [call.query("propagationPolicy"), object::text(options, "/propagationPolicy")].contains(&"Orphan")
        || object::is_true(options, "/orphanDependents")
}

fn success(details: Value) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
