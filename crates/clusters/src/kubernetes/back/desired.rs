//! The whole workload as it shall be.

use backout_core::config::WorkloadKind;
use jiff::Timestamp;
use kube::core::DynamicObject;
use serde_json::Value;

use super::template::new_template;
use super::write::Act;
use crate::kubernetes::artifact::Opened;
use crate::kubernetes::view::resource;
use crate::object::{is_true, label, name, number};
use crate::pods::{Family, revision_template, same};
use crate::workloads::{STOPPED, stopped_by_us};

/// What is done about a workload, given the template that it shall have.
///
/// | field               | written                                                                              |
/// |---------------------|--------------------------------------------------------------------------------------|
/// | `spec.template`     | where it differs                                                                     |
/// | `spec.replicas`     | as captured; where an autoscaler or the nodes say it, only to end a stop of ours     |
/// | `spec.paused`       | ended where a template has to be rolled out                                          |
/// | `partition`         | to zero where a pod below it runs another template                                   |
/// | everything else     | never                                                                                |
pub(super) fn desired(opened: &Opened<'_>, family: &Family<'_>, template: &Value, is_autoscaled: bool) -> Act {
    let there = family.workload;
    let mut wanted = there.clone();
    let present = there.data.pointer("/spec/template").unwrap_or(&Value::Null);
    let differs = same(present) != same(template);
    if differs {
        set(&mut wanted.data, "template", template.clone());
    }
    if let Some(replicas) = replicas(opened, there, is_autoscaled) {
        set(&mut wanted.data, "replicas", Value::from(replicas));
        wanted.metadata.annotations.iter_mut().for_each(|annotations| drop(annotations.remove(STOPPED)));
    }
    let is_other = |revision: Option<&DynamicObject>| revision.and_then(revision_template) != Some(same(template));
    let rolls = differs || family.members.iter().any(|member| is_other(member.revision));
    if rolls && is_true(&there.data, "/spec/paused") {
        set(&mut wanted.data, "paused", Value::from(false));
    }
    let partition = number(&there.data, PARTITION).unwrap_or(0);
    let is_held = |pod: &DynamicObject| ordinal(pod).is_some_and(|ordinal| ordinal < partition);
    if family.members.iter().any(|member| is_held(member.pod) && is_other(member.revision))
        && let Some(field) = wanted.data.pointer_mut(PARTITION)
    {
        *field = Value::from(0);
    }
    if wanted == *there { Act::Nothing } else { Act::Replace(Box::new(wanted)) }
}

const PARTITION: &str = "/spec/updateStrategy/rollingUpdate/partition";

/// A workload that is gone, made again; its configuration was put back at that time.
pub(super) fn made_again(opened: &Opened<'_>, kind: WorkloadKind, put_back: Option<Timestamp>) -> Act {
    let mut object = DynamicObject::new("", &resource(kind).resource());
    let metadata = opened.workload.get("metadata").cloned().unwrap_or_default();
    object.metadata = serde_json::from_value(metadata).unwrap_or_default();
    let annotations = object.metadata.annotations.iter_mut();
    annotations.for_each(|annotations| drop(annotations.remove(STOPPED)));
    let mut data = Value::Object(serde_json::Map::new());
    data["spec"] = opened.workload.get("spec").cloned().unwrap_or_default();
    set(&mut data, "template", new_template(opened, put_back));
    if kind != WorkloadKind::DaemonSet && !opened.detail.is_autoscaled {
        set(&mut data, "replicas", Value::from(opened.artifact.replicas));
    }
    object.data = data;
    Act::Create(Box::new(object))
}

/// How many pods are to be asked for; `None` where that stays as it is.
///
/// | said elsewhere | now                | asked for                   |
/// |----------------|--------------------|-----------------------------|
/// | no             | as captured        | as it is                    |
/// | no             | otherwise          | as captured                 |
/// | yes            | stopped by us      | as many as before the stop  |
/// | yes            | otherwise          | as it is                    |
fn replicas(opened: &Opened<'_>, there: &DynamicObject, is_autoscaled: bool) -> Option<i64> {
    let now = number(&there.data, "/spec/replicas");
    let wanted = match is_autoscaled || opened.detail.is_autoscaled {
        true => stopped_by_us(there),
        false => Some(i64::from(opened.artifact.replicas)),
    };
    wanted.filter(|wanted| now.is_some() && now != Some(*wanted))
}

/// The number of a StatefulSet's pod.
fn ordinal(pod: &DynamicObject) -> Option<i64> {
    let by_label = label(pod, "apps.kubernetes.io/pod-index").and_then(|index| index.parse().ok());
    by_label.or_else(|| name(pod).rsplit_once('-')?.1.parse().ok())
}

fn set(data: &mut Value, field: &str, value: Value) {
    if let Some(spec) = data.pointer_mut("/spec").and_then(Value::as_object_mut) {
        spec.insert(field.to_owned(), value);
    }
}
