//! Breaking a workload on purpose, for a drill: by a template that cannot run, as after a bad deploy.
//!
//! Contract: one write, of another template than the captured one, so that going back to the artifact puts its own back. Nothing
//! is written where that way back would be refused, or would change more than the template.

use std::collections::BTreeMap;

use backout_core::inventory::Artifact;
use backout_core::policy::NO_IMAGE;
use backout_core::port::{Blobs, Breakage, PortError, Preflight};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::preflight::preflight;
use super::write::{Act, write};
use crate::kubernetes::platform::KubernetesPlatform;
use crate::kubernetes::view::resource;
use crate::object::{is_true, list, text};

/// What a container runs that ends at once. Where there is no shell it cannot even start, which is as bad.
const ENDS: [&str; 3] = ["/bin/sh", "-c", "echo 'a drill of backout: this ends on purpose' >&2; exit 70"];

/// Says on the pods that they are part of a drill, and makes their template another one, whatever it was.
const MARK: (&str, &str) = ("backout.dev/drill", "broken on purpose; the same run puts it back");

/// By which annotation of a template its main container is told.
const MAIN: &str = "/metadata/annotations/kubectl.kubernetes.io~1default-container";

/// Gives a workload a template that cannot run.
///
/// # Errors
/// Going back would be refused, the workload is not there or paused, or the API server does not take the template.
pub(in crate::kubernetes) async fn break_on_purpose(
    platform: &KubernetesPlatform,
    artifact: &Artifact,
    breakage: &Breakage,
    blobs: &dyn Blobs,
) -> Result<String, PortError> {
    let service = platform.workload(&artifact.service)?;
    if let Preflight::Gone { why } | Preflight::Unknown { why } = preflight(platform, artifact, blobs).await {
        return Err(PortError::new(format!("`{}` could not go back, so nothing was broken: {why}", service.name)));
    }
    let kind = resource(service.kind);
    let decide = |there: Option<&DynamicObject>| match there.and_then(|there| broken(there, breakage)) {
        Some(object) => Act::Replace(Box::new(object)),
        None => Act::Nothing,
    };
    let Some(written) = write(platform, (kind, &service.name), decide).await? else {
        let what = format!("`{}` is not there, paused, or has no container: nothing was broken", service.name);
        return Err(PortError::new(what).hint("resume it first: `kubectl rollout resume`"));
    };
    platform.cluster.live(kind).await?.reflects(&written).await?;
    Ok(format!("`{}` was given a template that cannot run", service.name))
}

/// The workload with a template that cannot run. One that is paused would roll nothing out, and going back would resume it.
fn broken(there: &DynamicObject, breakage: &Breakage) -> Option<DynamicObject> {
    if is_true(&there.data, "/spec/paused") {
        return None;
    }
    let mut object = there.clone();
    let template = object.data.pointer_mut("/spec/template")?;
    let named = text(template, MAIN);
    let containers = list(template, "/spec/containers");
    let main = containers.iter().position(|container| named.is_some() && text(container, "/name") == named);
    let container = template.pointer_mut(&format!("/spec/containers/{}", main.unwrap_or(0)))?;
    match breakage {
        Breakage::Image => container["image"] = json!(NO_IMAGE),
        Breakage::Crash => {
            container["command"] = json!(ENDS);
            container["args"] = json!([]);
        }
        Breakage::Config(variables) => set(container, variables),
    }
    template["metadata"]["annotations"][MARK.0] = json!(MARK.1);
    Some(object)
}

/// Sets variables, in place of what they were or were read from.
fn set(container: &mut Value, variables: &BTreeMap<String, String>) {
    let is_other = |variable: &&Value| text(variable, "/name").is_none_or(|name| !variables.contains_key(name));
    let others = list(container, "/env").iter().filter(is_other).cloned();
    // The cluster would put variables of the pod into the value.
    let own = variables.iter().map(|(name, value)| json!({"name": name, "value": value.replace("$(", "$$(")}));
    let all: Vec<Value> = others.chain(own).collect();
    container["env"] = json!(all);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(spec: Value) -> DynamicObject {
        serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap()
    }

    fn web() -> DynamicObject {
        workload(json!({"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "app", "image": "web:1", "args": ["serve"],
                "env": [{"name": "A", "value": "1"}, {"name": "URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "URL"}}}]},
            {"name": "side", "image": "side:1"},
        ]}}}))
    }

    fn main_of(object: &DynamicObject) -> Value {
        object.data.pointer("/spec/template/spec/containers/0").cloned().unwrap()
    }

    #[test]
    fn only_the_main_container_of_the_template_is_altered_and_says_so() {
        let image = broken(&web(), &Breakage::Image).unwrap();
        assert_eq!(main_of(&image)["image"], NO_IMAGE);
        assert_eq!(
            image.data.pointer("/spec/template/spec/containers/1"),
            web().data.pointer("/spec/template/spec/containers/1")
        );
        assert_eq!(image.data.pointer("/spec/replicas"), Some(&json!(2)));
        let mark = image.data.pointer("/spec/template/metadata/annotations/backout.dev~1drill");
        assert!(mark.is_some_and(|mark| mark.as_str().is_some_and(|mark| mark.contains("on purpose"))));
        let crash = main_of(&broken(&web(), &Breakage::Crash).unwrap());
        assert_eq!((&crash["command"], &crash["args"]), (&json!(ENDS), &json!([])));
        let variables = BTreeMap::from([("URL".to_owned(), "x$(A)".to_owned())]);
        let config = main_of(&broken(&web(), &Breakage::Config(variables)).unwrap());
        assert_eq!(config["env"], json!([{"name": "A", "value": "1"}, {"name": "URL", "value": "x$$(A)"}]));
    }

    #[test]
    fn the_container_that_is_named_is_the_main_one_and_a_paused_workload_is_left_alone() {
        let mut named = web();
        named.data["spec"]["template"]["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/default-container": "side"});
        let object = broken(&named, &Breakage::Image).unwrap();
        assert_eq!(main_of(&object)["image"], "web:1");
        assert_eq!(object.data.pointer("/spec/template/spec/containers/1/image"), Some(&json!(NO_IMAGE)));
        let mut paused = web();
        paused.data["spec"]["paused"] = json!(true);
        assert_eq!(broken(&paused, &Breakage::Crash), None);
    }
}
