//! Pod templates: which fields make a version, and where the revision of a workload keeps its own.

use backout_core::id::Digest;
use kube::core::DynamicObject;
use serde_json::Value;

use crate::object::stripped;

/// Our annotation on a pod template: when the configuration that goes with it was put back, so that pods are made anew.
pub(crate) const OWN_ANNOTATION: &str = "backout.dev/configuration";

/// Annotations that say when pods were started anew, and not what they are.
const NO_VERSION: [&str; 2] = [OWN_ANNOTATION, "kubectl.kubernetes.io/restartedAt"];

/// Labels that controllers put on the template of a revision.
const OF_REVISIONS: [&str; 2] = ["pod-template-hash", "rollouts-pod-template-hash"];

/// The digest of a pod template without images (those are the code) and without what is no version of anything.
pub(crate) fn digest_of(template: &Value) -> Digest {
    let mut template = template.clone();
    remove(&mut template, "/metadata/annotations", &NO_VERSION);
    for containers in ["/spec/containers", "/spec/initContainers"] {
        let containers = template.pointer_mut(containers).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            container.remove("image");
        }
    }
    Digest::of(same(&template).to_string().as_bytes())
}

/// The pod template that a ReplicaSet or ControllerRevision stands for, as the workload had it.
pub(crate) fn revision_template(revision: &DynamicObject) -> Option<Value> {
    // A ControllerRevision keeps a patch of the workload in `data`, a ReplicaSet the template itself.
    let template = revision.data.pointer("/data/spec/template").or(revision.data.pointer("/spec/template"))?;
    Some(same(template))
}

/// The same template without what controllers add to it and without what says nothing.
pub(crate) fn same(template: &Value) -> Value {
    let mut template = template.clone();
    remove(&mut template, "/metadata/labels", &OF_REVISIONS);
    remove(&mut template, "", &["$patch"]);
    stripped(&template)
}

fn remove(value: &mut Value, pointer: &str, names: &[&str]) {
    let fields = value.pointer_mut(pointer).and_then(Value::as_object_mut);
    fields.into_iter().for_each(|fields| fields.retain(|name, _| !names.contains(&name.as_str())));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn images_restarts_and_what_controllers_add_make_no_other_setting() {
        let one = json!({
            "metadata": {"labels": {"app": "web"}, "creationTimestamp": null},
            "spec": {"containers": [{"name": "app", "image": "web:1", "env": [{"name": "A", "value": "1"}]}]},
        });
        let mut other = one.clone();
        other["metadata"]["labels"]["pod-template-hash"] = json!("5c7d");
        other["metadata"]["annotations"] = json!({OWN_ANNOTATION: "x", "kubectl.kubernetes.io/restartedAt": "y"});
        other["spec"]["containers"][0]["image"] = json!("web:2");
        assert_eq!(digest_of(&one), digest_of(&other));
        other["spec"]["containers"][0]["env"][0]["value"] = json!("2");
        assert_ne!(digest_of(&one), digest_of(&other));
    }

    #[test]
    fn a_revision_gives_back_the_template_of_its_workload() {
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app"}]}});
        let mut patch = template.clone();
        patch["$patch"] = json!("replace");
        let read = |value: Value| revision_template(&serde_json::from_value(value).unwrap()).unwrap();
        assert_eq!(read(json!({"metadata": {}, "data": {"spec": {"template": patch}}})), template);
        let mut hashed = template.clone();
        hashed["metadata"]["labels"]["pod-template-hash"] = json!("5c7d");
        assert_eq!(read(json!({"metadata": {}, "spec": {"template": hashed}})), template);
    }
}
