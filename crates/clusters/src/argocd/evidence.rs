//! What is kept of an Application before it goes back, and what its pods have written.

use std::sync::Arc;

use backout_core::port::{Evidence, LogSink, LogSpan, PortError};
use jiff::Timestamp;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::held::{is_in_cluster, workloads};
use crate::cluster::Cluster;
use crate::object::name;
use crate::workloads::{Workloads, missing};

/// What there is to know of an Application and of the pods of its workloads.
pub(super) async fn evidence(cluster: &Arc<Cluster>, application: &DynamicObject, now: Timestamp) -> Vec<Evidence> {
    let mut all = of_application(application);
    if let Err(error) = is_in_cluster(application) {
        all.push(missing(&format!("{}.pods", name(application)), &error));
        return all;
    }
    for (namespace, names) in workloads(application) {
        let title = format!("{}.{namespace}", name(application));
        let of_pods = async {
            let beside = cluster.in_namespace(&namespace).await?;
            Workloads::new(&beside, names).evidence(&title, now).await
        };
        all.extend(of_pods.await.unwrap_or_else(|error| vec![missing(&format!("{title}.pods"), &error)]));
    }
    all
}

/// Hands over what the pods of the workloads of an Application have written.
///
/// # Errors
/// They are on another cluster, or cannot be seen.
pub(super) async fn output(
    cluster: &Arc<Cluster>,
    application: &DynamicObject,
    span: LogSpan,
    sink: LogSink<'_>,
) -> Result<(), PortError> {
    is_in_cluster(application)?;
    for (namespace, names) in workloads(application) {
        let beside = cluster.in_namespace(&namespace).await?;
        Workloads::new(&beside, names).output(span, &mut *sink).await?;
    }
    Ok(())
}

/// The resource, and what Argo CD says of each thing in it, without the fields that only machines read.
fn of_application(object: &DynamicObject) -> Vec<Evidence> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let mut object = object.clone();
    object.metadata.managed_fields = None;
    let resources = object.data.pointer("/status/resources").cloned().unwrap_or(Value::Null);
    let state = json!({
        "health": object.data.pointer("/status/health"),
        "sync": object.data.pointer("/status/sync"),
        "operation": object.data.pointer("/status/operationState"),
        "conditions": object.data.pointer("/status/conditions"),
        "history": object.data.pointer("/status/history"),
    });
    let whole = serde_json::to_value(&object).unwrap_or(Value::Null);
    [("application", whole), ("state", state), ("resources", resources)]
        .into_iter()
        .map(|(what, value)| Evidence {
            name: format!("{name}.{what}.json"),
            content: format!("{value:#}\n").into_bytes(),
        })
        .collect()
}
