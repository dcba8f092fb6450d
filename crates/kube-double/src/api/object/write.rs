//! POST, PUT and PATCH.
//!
//! A kind with a status subresource has its status written only through it, and nothing else there.

use serde_json::{Value, json};

use crate::api::body::body;
use crate::api::object::{defaults, validation};
use crate::api::{Answer, Call, Problem, Target};
use crate::cluster::{Cluster, clock, kinds, object};
use crate::controllers;
use crate::patch::{Apply, apply, json_patch, merge, note_update, strategic};

/// Creates an object; a name is made where only its beginning is said.
pub(crate) fn create(cluster: &mut Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let mut value = body(call)?;
    if object::name(&value).is_empty() && !object::text(&value, "/metadata/generateName").is_empty() {
        let suffix = cluster.store.next_id();
        let name = format!("{}{suffix:05}", object::text(&value, "/metadata/generateName"));
        object::set(&mut value, &["metadata", "name"], json!(name));
    }
    let target = Target { name: object::name(&value).to_owned(), ..target.clone() };
    complete(&mut value, &target);
    defaults::fill(&mut value);
    validation::created(cluster, &target, &value)?;
    if cluster.store.get(&target.key()).is_some() {
        return Err(Problem::already_exists(&target, &target.name));
    }
    if target.resource == &kinds::PODS
        && let Some(message) = controllers::refusal(cluster, &target.namespace, &target.name)
    {
        return Err(Problem::new(403, message).about(&target, &target.name));
    }
    if target.resource.has_status {
        object::set(&mut value, &["status"], json!({}));
    }
    note_update(None, &mut value, (target.resource, call.manager()));
    Ok(Answer::Json(201, keep(cluster, call, &target, value)))
}

/// Replaces an object, if it is still the one that the client saw.
pub(crate) fn update(cluster: &mut Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let mut value = body(call)?;
    let before = cluster.store.get(&target.key()).cloned().ok_or_else(|| Problem::not_found(target, &target.name))?;
    complete(&mut value, target);
    finish(cluster, call, target, (Some(&before), value))
}

/// Changes an object by one of the four kinds of patch; a server-side apply may create it.
pub(crate) fn patch(cluster: &mut Cluster, call: &Call, target: &Target) -> Result<Answer, Problem> {
    let patch = body(call)?;
    let before = cluster.store.get(&target.key()).cloned();
    if call.content_type.contains("apply-patch") {
        return server_side_apply(cluster, call, target, (before, patch));
    }
    let before = before.ok_or_else(|| Problem::not_found(target, &target.name))?;
    let value = match call.content_type.split(';').next().unwrap_or_default() {
        "application/json-patch+json" => json_patch(before.clone(), &patch)
            .map_err(|message| Problem::new(422, message).about(target, &target.name))?,
        "application/merge-patch+json" => merge(before.clone(), &patch),
        "application/strategic-merge-patch+json" if target.resource.is_built_in() => strategic(before.clone(), &patch),
        other => {
            let message = format!(
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml (it was {other})"
            );
            return Err(Problem::new(415, message));
        }
    };
    finish(cluster, call, target, (Some(&before), value))
}

fn server_side_apply(
    cluster: &mut Cluster,
    call: &Call,
    target: &Target,
    (before, applied): (Option<Value>, Value),
) -> Result<Answer, Problem> {
    if call.query("fieldManager").is_empty() {
        return Err(Problem::new(
            400,
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ));
    }
    let mut applied = applied;
    let version = object::text(&applied, "/metadata/resourceVersion").to_owned();
    let is_seen = before.as_ref().is_some_and(|before| object::text(before, "/metadata/resourceVersion") == version);
    if !version.is_empty() && !is_seen {
        return Err(Problem::conflict(target, &target.name));
    }
    for name in ["resourceVersion", "uid", "creationTimestamp", "generation"] {
        object::set(&mut applied, &["metadata", name], Value::Null);
    }
    object::set(&mut applied, &["apiVersion"], json!(target.resource.api_version()));
    object::set(&mut applied, &["kind"], json!(target.resource.kind));
    if target.resource.has_status && target.subresource.is_empty() {
        object::set(&mut applied, &["status"], Value::Null);
    }
    let is_forced = call.query("force") == "true";
    let by = Apply { resource: target.resource, manager: call.query("fieldManager"), is_forced };
    let mut value = apply(before.as_ref(), &applied, by)
        .map_err(|message| Problem::new(409, message).about(target, &target.name))?;
    complete(&mut value, target);
    defaults::fill(&mut value);
    let Some(before) = before else {
        validation::created(cluster, target, &value)?;
        return Ok(Answer::Json(201, keep(cluster, call, target, value)));
    };
    validation::updated(target, &before, &value)?;
    Ok(Answer::Json(200, keep(cluster, call, target, value)))
}

/// Checks and stores what is to be instead of what was.
fn finish(
    cluster: &mut Cluster,
    call: &Call,
    target: &Target,
    (before, value): (Option<&Value>, Value),
) -> Result<Answer, Problem> {
    let Some(before) = before else { return Err(Problem::not_found(target, &target.name)) };
    let version = object::text(&value, "/metadata/resourceVersion");
    if !version.is_empty() && version != object::text(before, "/metadata/resourceVersion") {
        return Err(Problem::conflict(target, &target.name));
    }
    let mut value = value;
    if target.subresource == "status" {
        let status = object::at(&value, "/status");
        value = before.clone();
        object::set(&mut value, &["status"], status);
    } else {
        if target.resource.has_status {
            object::set(&mut value, &["status"], object::at(before, "/status"));
        }
        defaults::fill(&mut value);
    }
    let deleted = object::at(before, "/metadata/deletionTimestamp");
    object::set(&mut value, &["metadata", "deletionTimestamp"], deleted);
    object::set(&mut value, &["metadata", "managedFields"], object::at(before, "/metadata/managedFields"));
    validation::updated(target, before, &value)?;
    note_update(Some(before), &mut value, (target.resource, call.manager()));
    Ok(Answer::Json(200, keep(cluster, call, target, value)))
}

fn complete(value: &mut Value, target: &Target) {
    object::set(value, &["apiVersion"], json!(target.resource.api_version()));
    object::set(value, &["kind"], json!(target.resource.kind));
    object::set(value, &["metadata", "name"], json!(target.name));
    if target.resource.is_namespaced {
        object::set(value, &["metadata", "namespace"], json!(target.namespace));
    }
}

/// Stores it, unless the client only tries.
fn keep(cluster: &mut Cluster, call: &Call, target: &Target, mut value: Value) -> Value {
    if !call.is_dry_run() {
        return cluster.store.put(&target.key(), value);
    }
    for name in ["uid", "creationTimestamp"] {
        if object::at(&value, &format!("/metadata/{name}")).is_null() {
            let made = if name == "uid" {
                "00000000-0000-0000-0000-000000000000".to_owned()
            } else {
                clock::text(clock::now())
            };
            object::set(&mut value, &["metadata", name], json!(made));
        }
    }
    value
}
