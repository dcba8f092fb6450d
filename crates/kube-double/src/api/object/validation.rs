//! What is refused before it is stored: the few checks that deploys run into.

use serde_json::{Value, json};

use crate::api::{Problem, Target};
use crate::cluster::{Cluster, Key, kinds, matches_labels, object};

/// A new object needs a name, a namespace that is there and stays, and (a workload) labels that its selector matches.
pub(crate) fn created(cluster: &Cluster, target: &Target, value: &Value) -> Result<(), Problem> {
    if target.name.is_empty() {
        return Err(Problem::invalid(target, "", "metadata.name", "Required value: name or generateName is required"));
    }
    if target.resource.is_namespaced {
        let namespace = cluster.store.get(&Key::new(&kinds::NAMESPACES, "", &target.namespace));
        let Some(namespace) = namespace else {
            return Err(without_namespace(target));
        };
        if object::text(namespace, "/status/phase") == "Terminating" {
            let message = format!(
                "{} \"{}\" is forbidden: unable to create new content in namespace {} because it is being terminated",
                target.resource.qualified(),
                target.name,
                target.namespace
            );
            let mut problem = Problem::new(403, message).about(target, &target.name);
            let said = format!("namespace {} is being terminated", target.namespace);
            let cause = json!({"reason": "NamespaceTerminating", "message": said, "field": "metadata.namespace"});
            problem.details["causes"] = json!([cause]);
            return Err(problem);
        }
    }
    workload(target, value)
}

/// As the admission plugin `NamespaceLifecycle` says it: about the namespace, not about what was to be made.
fn without_namespace(target: &Target) -> Problem {
    let mut problem = Problem::new(404, format!("namespaces \"{}\" not found", target.namespace));
    problem.details = json!({"name": target.namespace, "kind": "namespaces"});
    problem
}

/// A selector cannot change; neither can a Secret or ConfigMap that says it is immutable.
pub(crate) fn updated(target: &Target, before: &Value, value: &Value) -> Result<(), Problem> {
    let is_workload = target.resource.group == "apps" && before.pointer("/spec/selector").is_some();
    if is_workload && object::at(before, "/spec/selector") != object::at(value, "/spec/selector") {
        return Err(Problem::invalid(target, &target.name, "spec.selector", "Invalid value: field is immutable"));
    }
    let has_changed = ["/data", "/binaryData"].iter().any(|part| object::at(before, part) != object::at(value, part));
    if object::is_true(before, "/immutable") && has_changed {
        let message = "Forbidden: field is immutable when `immutable` is set";
        return Err(Problem::invalid(target, &target.name, "data", message));
    }
    if target.resource == &kinds::JOBS && object::at(before, "/spec/template") != object::at(value, "/spec/template") {
        return Err(Problem::invalid(target, &target.name, "spec.template", "Invalid value: field is immutable"));
    }
    workload(target, value)
}

fn workload(target: &Target, value: &Value) -> Result<(), Problem> {
    let is_workload = [&kinds::DEPLOYMENTS, &kinds::STATEFUL_SETS, &kinds::DAEMON_SETS, &kinds::REPLICA_SETS]
        .contains(&target.resource);
    if is_workload {
        let labels = object::at(value, "/spec/template/metadata/labels");
        let selector = object::at(value, "/spec/selector");
        if selector.is_null() {
            return Err(Problem::invalid(target, &target.name, "spec.selector", "Required value"));
        }
        if !matches_labels(&selector, &labels) {
            let message = "Invalid value: `selector` does not match template `labels`";
            return Err(Problem::invalid(target, &target.name, "spec.template.metadata.labels", message));
        }
    }
    let pod = match target.resource {
        resource if resource == &kinds::PODS => "/spec",
        resource if is_workload || resource == &kinds::JOBS => "/spec/template/spec",
        _ => return Ok(()),
    };
    let containers = object::list(value, &format!("{pod}/containers"));
    let field = format!("{}.containers", pod.trim_matches('/').replace('/', "."));
    if containers.is_empty() {
        return Err(Problem::invalid(target, &target.name, &field, "Required value"));
    }
    let unnamed = containers.iter().position(|container| object::text(container, "/image").is_empty());
    match unnamed {
        Some(index) => {
            Err(Problem::invalid(target, &target.name, &format!("{field}[{index}].image"), "Required value"))
        }
        None => Ok(()),
    }
}
