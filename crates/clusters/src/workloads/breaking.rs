//! Breaking the template of a workload on purpose, for a drill: what its pods run cannot run.
//!
//! Contract: pure. Only the main container is altered, and the template says that it was.

use std::collections::BTreeMap;

use backout_core::policy::NO_IMAGE;
use backout_core::port::Breakage;
use serde_json::{Value, json};

use crate::object::{is_true, list, text};

/// What a container runs that ends at once. Where there is no shell it cannot even start, which is as bad.
const ENDS: [&str; 3] = ["/bin/sh", "-c", "echo 'a drill of backout: this ends on purpose' >&2; exit 70"];

/// Says on the pods that they are part of a drill, and makes their template another one, whatever it was.
const MARK: (&str, &str) = ("backout.dev/drill", "broken on purpose; the same run puts it back");

/// By which annotation of a template its main container is told.
const MAIN: &str = "/metadata/annotations/kubectl.kubernetes.io~1default-container";

/// Gives a workload a template that cannot run; says whether it has one now. One that is paused would roll nothing out, and
/// going back would resume it.
pub(crate) fn break_template(workload: &mut Value, breakage: &Breakage) -> bool {
    if is_true(workload, "/spec/paused") {
        return false;
    }
    let Some(template) = workload.pointer_mut("/spec/template") else { return false };
    let named = text(template, MAIN);
    let containers = list(template, "/spec/containers");
    let main = containers.iter().position(|container| named.is_some() && text(container, "/name") == named);
    let main = format!("/spec/containers/{}", main.unwrap_or(0));
    let Some(container) = template.pointer_mut(&main) else { return false };
    match breakage {
        Breakage::Image => container["image"] = json!(NO_IMAGE),
        Breakage::Crash => {
            container["command"] = json!(ENDS);
            container["args"] = json!([]);
        }
        Breakage::Config(variables) => set(container, variables),
    }
    template["metadata"]["annotations"][MARK.0] = json!(MARK.1);
    true
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

    fn web() -> Value {
        json!({"spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "app", "image": "web:1", "args": ["serve"],
                "env": [{"name": "A", "value": "1"}, {"name": "URL", "valueFrom": {"secretKeyRef": {"name": "db", "key": "URL"}}}]},
            {"name": "side", "image": "side:1"},
        ]}}}})
    }

    fn broken(breakage: &Breakage) -> Value {
        let mut web = web();
        assert!(break_template(&mut web, breakage));
        web
    }

    fn main_of(workload: &Value) -> &Value {
        &workload["spec"]["template"]["spec"]["containers"][0]
    }

    #[test]
    fn only_the_main_container_of_the_template_is_altered_and_says_so() {
        let image = broken(&Breakage::Image);
        assert_eq!(main_of(&image)["image"], NO_IMAGE);
        let side = "/spec/template/spec/containers/1";
        assert_eq!((image.pointer(side), &image["spec"]["replicas"]), (web().pointer(side), &json!(2)));
        let mark = image["spec"]["template"]["metadata"]["annotations"]["backout.dev/drill"].as_str();
        assert!(mark.is_some_and(|mark| mark.contains("on purpose")));
        let crash = broken(&Breakage::Crash);
        assert_eq!((&main_of(&crash)["command"], &main_of(&crash)["args"]), (&json!(ENDS), &json!([])));
        let variables = BTreeMap::from([("URL".to_owned(), "x$(A)".to_owned())]);
        let config = broken(&Breakage::Config(variables));
        assert_eq!(main_of(&config)["env"], json!([{"name": "A", "value": "1"}, {"name": "URL", "value": "x$$(A)"}]));
    }

    #[test]
    fn the_container_that_is_named_is_the_main_one_and_a_paused_workload_is_left_alone() {
        let mut named = web();
        named["spec"]["template"]["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/default-container": "side"});
        assert!(break_template(&mut named, &Breakage::Image));
        assert_eq!(main_of(&named)["image"], "web:1");
        assert_eq!(named.pointer("/spec/template/spec/containers/1/image"), Some(&json!(NO_IMAGE)));
        let mut paused = web();
        paused["spec"]["paused"] = json!(true);
        let before = paused.clone();
        assert!(!break_template(&mut paused, &Breakage::Crash));
        assert_eq!(paused, before);
    }
}
