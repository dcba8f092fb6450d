//! What the user may do: asked beforehand (access reviews), and enforced.

use serde_json::{Value, json};

use crate::api::{Answer, Call, Problem, Target, Verb};
use crate::cluster::{Cluster, kinds, object};

/// Refuses what is scripted to be denied.
pub(crate) fn allow(cluster: &Cluster, call: &Call, verb: Verb, target: &Target) -> Result<(), Problem> {
    if is_allowed(cluster, verb.word(), &target.resource_name(), &target.namespace) {
        return Ok(());
    }
    let scope = match target.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let message = format!(
        "{}{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {scope}",
        target.resource.qualified(),
        if target.name.is_empty() { String::new() } else { format!(" \"{}\"", target.name) },
        call.who(),
        verb.word(),
        target.resource_name(),
        target.resource.group,
    );
    Err(Problem::new(403, message).about(target, &target.name))
}

fn is_allowed(cluster: &Cluster, verb: &str, resource: &str, namespace: &str) -> bool {
    !cluster.script.denials.iter().any(|denial| denial.is_for(verb, resource, namespace))
}

/// The answer to a review.
pub(crate) fn answer(cluster: &Cluster, call: &Call, target: &Target, asked: &Value) -> Result<Answer, Problem> {
    if call.method != "POST" {
        return Err(Problem::new(405, "the server does not allow this method on the requested resource"));
    }
    let status = match target.resource {
        resource if resource == &kinds::ACCESS_REVIEWS => access(cluster, asked),
        resource if resource == &kinds::RULES_REVIEWS => rules(cluster, asked),
        _ => {
            let mut groups = call.impersonated.groups.clone();
            groups.push("system:authenticated".to_owned());
            json!({"userInfo": {"username": call.who(), "uid": call.impersonated.uid, "groups": groups}})
        }
    };
    let (version, kind) = (target.resource.api_version(), target.resource.kind);
    let spec = object::at(asked, "/spec");
    let review = json!({"apiVersion": version, "kind": kind, "metadata": {}, "spec": spec, "status": status});
    Ok(Answer::Json(201, review))
}

fn access(cluster: &Cluster, asked: &Value) -> Value {
    let part = |name: &str| object::text(asked, &format!("/spec/resourceAttributes/{name}"));
    let resource = match part("subresource") {
        "" => part("resource").to_owned(),
        subresource => format!("{}/{subresource}", part("resource")),
    };
    let is_allowed = is_allowed(cluster, part("verb"), &resource, part("namespace"));
    if is_allowed { json!({"allowed": true}) } else { json!({"allowed": false, "reason": "denied by the test"}) }
}

/// Every kind with the verbs that are not denied.
fn rules(cluster: &Cluster, asked: &Value) -> Value {
    let namespace = object::text(asked, "/spec/namespace");
    let verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
    let rule = |kind: &&crate::cluster::Resource| {
        let allowed: Vec<&str> =
            verbs.into_iter().filter(|verb| is_allowed(cluster, verb, kind.plural, namespace)).collect();
        json!({"verbs": allowed, "apiGroups": [kind.group], "resources": [kind.plural]})
    };
    let rules: Vec<Value> = match cluster.script.denials.as_slice() {
        [] => vec![json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})],
        _ => kinds::ALL.iter().map(rule).collect(),
    };
    json!({"resourceRules": rules, "nonResourceRules": [], "incomplete": false})
}
