//! Schemas, as little as clients need: every kind is an object whose fields are not told, and can be patched.

use serde_json::{Value, json};

use crate::api::server_info::discovery::{groups, known};
use crate::api::{Answer, Call};
use crate::cluster::{Cluster, Resource};

/// The answer to `/openapi/v3...`; none for other paths.
pub(crate) fn answer(cluster: &Cluster, call: &Call) -> Option<Answer> {
    let path = call.path.trim_matches('/').strip_prefix("openapi/v3")?.trim_matches('/');
    if path.is_empty() {
        let root = |(group, version)| {
            let path = path_of(group, version);
            let address = format!("/openapi/v3/{path}?hash=1");
            (path, json!({"serverRelativeURL": address}))
        };
        let paths: serde_json::Map<String, Value> = groups(cluster).into_iter().map(root).collect();
        return Some(Answer::Json(200, json!({"paths": paths})));
    }
    let (group, version) = groups(cluster).into_iter().find(|(group, version)| path_of(group, version) == path)?;
    let (mut paths, mut schemas) = (json!({}), json!({}));
    for kind in known(cluster).filter(|kind| kind.group == group && kind.version == version) {
        let names = json!({"group": group, "version": version, "kind": kind.kind});
        schemas[format!("double.{}", kind.kind)] = json!({
            "type": "object", "x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-group-version-kind": [names],
        });
        let parameters = ["dryRun", "fieldManager", "fieldValidation", "force"]
            .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}));
        paths[object_path(kind)] = json!({"patch": {
            "parameters": parameters,
            "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": names, "responses": {},
        }});
    }
    let document = json!({
        "openapi": "3.0.0", "info": {"title": "backout-kube-double", "version": "1"},
        "paths": paths, "components": {"schemas": schemas},
    });
    Some(Answer::Json(200, document))
}

fn path_of(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

fn object_path(kind: &Resource) -> String {
    let scope = if kind.is_namespaced { "/namespaces/{namespace}" } else { "" };
    format!("/{}{scope}/{}/{{name}}", path_of(kind.group, kind.version), kind.plural)
}
