//! Which groups, versions and kinds there are: aggregated (v2), and one document a group as older clients ask.

use serde_json::{Value, json};

use crate::api::{Answer, Call};
use crate::cluster::{Cluster, Resource, kinds};

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The answer to a path that asks about the server; none for other paths.
pub(crate) fn answer(cluster: &Cluster, call: &Call) -> Option<Answer> {
    let parts: Vec<&str> = call.path.trim_matches('/').split('/').collect();
    let is_aggregated = call.accept.contains("as=APIGroupDiscoveryList");
    let found = match parts.as_slice() {
        ["healthz" | "readyz" | "livez"] => return Some(Answer::Typed(200, "text/plain", "ok".to_owned())),
        ["version"] => version(),
        [root @ ("api" | "apis")] if is_aggregated => {
            let list = aggregated(cluster, *root == "api").to_string();
            return Some(Answer::Typed(200, AGGREGATED, list));
        }
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ["apis"] => {
            let groups: Vec<Value> =
                groups(cluster).into_iter().filter(|(group, _)| !group.is_empty()).map(group).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", name] => {
            let found = groups(cluster).into_iter().find(|(group, _)| group == name)?;
            let mut value = group(found);
            value["kind"] = json!("APIGroup");
            value["apiVersion"] = json!("v1");
            value
        }
        ["api", version] => resources(cluster, "", version)?,
        ["apis", group, version] => resources(cluster, group, version)?,
        _ => return None,
    };
    Some(Answer::Json(200, found))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": "v1.36.2", "gitCommit": "double", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26", "compiler": "gc", "platform": "linux/amd64",
    })
}

/// The kinds that the cluster knows.
pub(crate) fn known(cluster: &Cluster) -> impl Iterator<Item = &'static Resource> {
    kinds::ALL.into_iter().filter(|kind| !cluster.script.unknown_groups.contains(kind.group))
}

/// Each group once, with its version.
pub(crate) fn groups(cluster: &Cluster) -> Vec<(&'static str, &'static str)> {
    let mut groups: Vec<_> = known(cluster).map(|kind| (kind.group, kind.version)).collect();
    groups.dedup();
    groups
}

fn group((name, version): (&str, &str)) -> Value {
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn aggregated(cluster: &Cluster, is_core: bool) -> Value {
    let wanted = groups(cluster).into_iter().filter(|(group, _)| group.is_empty() == is_core);
    let items: Vec<Value> = wanted
        .map(|(group, version)| {
            let kinds: Vec<Value> =
                known(cluster).filter(|kind| kind.group == group).map(aggregated_kind).collect();
            let metadata = if group.is_empty() { json!({"creationTimestamp": null}) } else { json!({"name": group, "creationTimestamp": null}) };
            json!({"metadata": metadata, "versions": [{"version": version, "resources": kinds, "freshness": "Current"}]})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn aggregated_kind(resource: &Resource) -> Value {
    let mut kind = json!({
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": if resource.is_namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.kind.to_lowercase(),
        "verbs": verbs(resource),
    });
    if !resource.short.is_empty() {
        kind["shortNames"] = json!([resource.short]);
    }
    let is_shown = ["", "apps", "batch", "autoscaling"].contains(&resource.group);
    if is_shown && resource.has_status && resource.is_namespaced {
        kind["categories"] = json!(["all"]);
    }
    let subresources: Vec<Value> = subresources(resource)
        .into_iter()
        .map(|(name, (group, version, kind))| {
            json!({"subresource": name, "responseKind": {"group": group, "version": version, "kind": kind}, "verbs": ["get", "patch", "update"]})
        })
        .collect();
    if !subresources.is_empty() {
        kind["subresources"] = json!(subresources);
    }
    kind
}

/// Reviews are asked, not kept.
fn verbs(resource: &Resource) -> &'static [&'static str] {
    if resource.plural.ends_with("reviews") { &["create"] } else { &VERBS }
}

type Kind = (&'static str, &'static str, &'static str);

fn subresources(resource: &Resource) -> Vec<(&'static str, Kind)> {
    let own = (resource.group, resource.version, resource.kind);
    let mut found = Vec::new();
    if resource.has_status {
        found.push(("status", own));
    }
    if resource.has_scale {
        found.push(("scale", ("autoscaling", "v1", "Scale")));
    }
    if resource.plural == "pods" {
        found.push(("log", own));
    }
    found
}

fn resources(cluster: &Cluster, group: &str, version: &str) -> Option<Value> {
    let mut found = Vec::new();
    for resource in known(cluster).filter(|kind| kind.group == group && kind.version == version) {
        found.push(json!({
            "name": resource.plural, "singularName": resource.kind.to_lowercase(), "kind": resource.kind,
            "namespaced": resource.is_namespaced, "verbs": verbs(resource),
            "shortNames": if resource.short.is_empty() { vec![] } else { vec![resource.short] },
        }));
        for (name, (group, version, kind)) in subresources(resource) {
            found.push(json!({
                "name": format!("{}/{name}", resource.plural), "singularName": "", "kind": kind, "group": group,
                "version": version, "namespaced": resource.is_namespaced, "verbs": ["get", "patch", "update"],
            }));
        }
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    (!found.is_empty()).then(
        || json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": found}),
    )
}
