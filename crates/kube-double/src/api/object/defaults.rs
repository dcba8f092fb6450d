//! What the API server fills in where an object says nothing.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cluster::object;

/// Fills in the defaults of the object's kind; kinds that are not named here have none.
pub(crate) fn fill(value: &mut Value) {
    let kind = object::text(value, "/kind").to_owned();
    match kind.as_str() {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => {
            workload(value, &kind);
            template(value, "Always");
        }
        "Job" => {
            all(value, &[("backoffLimit", json!(6)), ("completions", json!(1)), ("parallelism", json!(1))]);
            default(value, &["spec", "suspend"], json!(false));
            template(value, "Never");
        }
        "Pod" => pod(value.get_mut("spec"), "Always"),
        "Secret" => secret(value),
        "Service" => service(value),
        _ => {}
    }
}

fn workload(value: &mut Value, kind: &str) {
    let (replicas, history) = (("replicas", json!(1)), ("revisionHistoryLimit", json!(10)));
    let rolling = json!("RollingUpdate");
    match kind {
        "Deployment" => {
            all(value, &[replicas, history, ("progressDeadlineSeconds", json!(600))]);
            default(value, &["spec", "strategy", "type"], rolling);
            if object::text(value, "/spec/strategy/type") == "RollingUpdate" {
                default(value, &["spec", "strategy", "rollingUpdate", "maxSurge"], json!("25%"));
                default(value, &["spec", "strategy", "rollingUpdate", "maxUnavailable"], json!("25%"));
            }
        }
        "StatefulSet" => {
            all(value, &[replicas, history, ("podManagementPolicy", json!("OrderedReady"))]);
            default(value, &["spec", "updateStrategy", "type"], rolling);
            if object::text(value, "/spec/updateStrategy/type") == "RollingUpdate" {
                default(value, &["spec", "updateStrategy", "rollingUpdate", "partition"], json!(0));
            }
        }
        "DaemonSet" => {
            all(value, &[history]);
            default(value, &["spec", "updateStrategy", "type"], rolling);
        }
        _ => all(value, &[replicas]),
    }
}

fn service(value: &mut Value) {
    let wanted = [("type", "ClusterIP"), ("clusterIP", "10.96.0.10"), ("sessionAffinity", "None")];
    all(value, &wanted.map(|(name, value)| (name, json!(value))));
    let ports = value.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        default(port, &["protocol"], json!("TCP"));
        let number = object::at(port, "/port");
        default(port, &["targetPort"], number);
    }
}

fn all(value: &mut Value, fields: &[(&str, Value)]) {
    for (name, wanted) in fields {
        default(value, &["spec", name], wanted.clone());
    }
}

fn default(value: &mut Value, path: &[&str], wanted: Value) {
    if object::at(value, &format!("/{}", path.join("/"))).is_null() {
        object::set(value, path, wanted);
    }
}

fn template(value: &mut Value, restart: &str) {
    pod(value.pointer_mut("/spec/template/spec"), restart);
}

fn pod(spec: Option<&mut Value>, restart: &str) {
    let Some(spec) = spec else { return };
    default(spec, &["restartPolicy"], json!(restart));
    default(spec, &["dnsPolicy"], json!("ClusterFirst"));
    default(spec, &["schedulerName"], json!("default-scheduler"));
    default(spec, &["securityContext"], json!({}));
    default(spec, &["terminationGracePeriodSeconds"], json!(30));
    for part in ["initContainers", "containers"] {
        for container in spec.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten() {
            let is_latest = crate::script::tag(object::text(container, "/image")) == "latest";
            let policy = if is_latest { "Always" } else { "IfNotPresent" };
            default(container, &["imagePullPolicy"], json!(policy));
            default(container, &["resources"], json!({}));
            default(container, &["terminationMessagePath"], json!("/dev/termination-log"));
            default(container, &["terminationMessagePolicy"], json!("File"));
            for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                default(port, &["protocol"], json!("TCP"));
            }
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        for kind in ["configMap", "secret"].into_iter().filter(|kind| volume.get(*kind).is_some()).collect::<Vec<_>>() {
            default(volume, &[kind, "defaultMode"], json!(420));
        }
    }
}

fn secret(value: &mut Value) {
    default(value, &["type"], json!("Opaque"));
    let plain = object::at(value, "/stringData");
    for (name, text) in plain.as_object().into_iter().flatten() {
        let encoded = BASE64_STANDARD.encode(text.as_str().unwrap_or_default());
        object::set(value, &["data", name], json!(encoded));
    }
    object::set(value, &["stringData"], Value::Null);
}
