//! Where the Services of a cluster lead: what their EndpointSlices have, beside the pods that they shall lead to.
//!
//! Contract: looking costs no request once it is known, but for a Service that leads to none of the pods: that is read for why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use backout_core::config::WorkloadKind;
use backout_core::detect::{Endpoint, Led};
use backout_core::port::PortError;
use kube::core::DynamicObject;
use serde_json::Value;

use crate::cluster::{Cluster, Kind};
use crate::exec::Pods;
use crate::object::{label, list, name, text};
use crate::workloads::Workloads;

/// By which label an EndpointSlice names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Workloads by kind and name.
type Named = Vec<(WorkloadKind, String)>;

/// What is known of a namespace.
struct Place {
    cluster: Arc<Cluster>,
    slices: Vec<Arc<DynamicObject>>,
    pods: BTreeSet<String>,
    labels: BTreeMap<String, String>,
}

/// What each of some Services leads to, of those in the namespaces that the workloads are in.
///
/// # Errors
/// The workloads, their pods or EndpointSlices cannot be seen, or there are no workloads.
pub(crate) async fn led(pods: Pods, names: &[String]) -> Result<Vec<Led>, PortError> {
    let mut places = Vec::new();
    for (cluster, workloads) in by_namespace(pods).await? {
        places.push(Place::of(cluster, workloads).await?);
    }
    if places.is_empty() {
        return Err(PortError::new("it has no workload that a Service could lead to")
            .hint("take `reached_by` out, or name the workload's own service"));
    }
    let mut all = Vec::new();
    for wanted in names {
        all.push(one(&places, wanted).await);
    }
    Ok(all)
}

/// The workloads of each namespace.
async fn by_namespace(pods: Pods) -> Result<Vec<(Arc<Cluster>, Named)>, PortError> {
    let mut found: Vec<(String, Arc<Cluster>, Named)> = Vec::new();
    for (cluster, workload) in pods.workloads {
        let namespace = cluster.namespace().await?.to_owned();
        let place = found.iter().position(|(known, _, _)| *known == namespace);
        match place.and_then(|place| found.get_mut(place)) {
            Some((_, _, workloads)) => workloads.push((workload.kind, workload.name)),
            None => found.push((namespace, cluster, vec![(workload.kind, workload.name)])),
        }
    }
    Ok(found.into_iter().map(|(_, cluster, workloads)| (cluster, workloads)).collect())
}

/// Of a Service that is in none of the namespaces, the pods of all are told.
async fn one(places: &[Place], wanted: &str) -> Led {
    let mut led = Led { name: wanted.to_owned(), ..Led::default() };
    for place in places {
        let own = place.slices.iter().filter(|slice| label(slice, SERVICE_NAME) == Some(wanted));
        let found: Vec<Endpoint> = own.clone().flat_map(|slice| endpoints(slice)).collect();
        led.pods.extend(place.pods.iter().cloned());
        if own.count() == 0 {
            continue;
        }
        let is_led_to = found.iter().any(|it| it.is_ready && it.pod.as_ref().is_some_and(|it| place.pods.contains(it)));
        if !is_led_to {
            led.selector = selector(&place.cluster, wanted).await;
            led.labels.clone_from(&place.labels);
        }
        led.endpoints.get_or_insert_default().extend(found);
    }
    led
}

impl Place {
    async fn of(cluster: Arc<Cluster>, workloads: Named) -> Result<Self, PortError> {
        let slices = cluster.live(Kind::EndpointSlice).await?.all().await?;
        let workloads = Workloads::new(&cluster, workloads);
        let objects = workloads.objects().await?;
        let families = workloads.families(&objects);
        let members: Vec<&DynamicObject> =
            families.iter().flat_map(|family| family.members.iter().map(|member| member.pod)).collect();
        let labels = members.first().and_then(|pod| pod.metadata.labels.clone()).unwrap_or_default();
        let pods = members.iter().map(|pod| name(pod).to_owned()).collect();
        Ok(Self { slices, pods, labels, cluster: Arc::clone(&cluster) })
    }
}

/// The addresses of an EndpointSlice. One that does not say whether it is ready is: so the API has it.
fn endpoints(slice: &DynamicObject) -> Vec<Endpoint> {
    let endpoint = |value: &Value| {
        let is_pod = text(value, "/targetRef/kind") == Some("Pod");
        let pod = text(value, "/targetRef/name").filter(|_| is_pod).map(str::to_owned);
        let is_ready = value.pointer("/conditions/ready").and_then(Value::as_bool).unwrap_or(true);
        Endpoint { pod, is_ready }
    };
    list(&slice.data, "/endpoints").iter().map(endpoint).collect()
}

/// The labels by which a Service finds pods; none where it may not be read: it is only for why.
async fn selector(cluster: &Cluster, name: &str) -> BTreeMap<String, String> {
    let Ok(api) = cluster.api(Kind::Service).await else { return BTreeMap::new() };
    let Ok(Some(service)) = api.get_opt(name).await else { return BTreeMap::new() };
    let selector = service.data.pointer("/spec/selector").cloned().unwrap_or_default();
    serde_json::from_value(selector).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_ready_unless_it_says_that_it_is_not() {
        let pod = |name: &str| json!({"kind": "Pod", "name": name});
        let slice: DynamicObject = serde_json::from_value(json!({"metadata": {"name": "web-1"}, "endpoints": [
            {"addresses": ["10.1.0.1"], "conditions": {"ready": true}, "targetRef": pod("web-a")},
            {"addresses": ["10.1.0.2"], "conditions": {"ready": false, "terminating": true}, "targetRef": pod("web-b")},
            {"addresses": ["10.1.0.3"], "conditions": {}, "targetRef": {"kind": "Node", "name": "node-1"}},
        ]}))
        .unwrap();
        let found: Vec<(Option<String>, bool)> =
            endpoints(&slice).into_iter().map(|it| (it.pod, it.is_ready)).collect();
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(found, [(named("web-a"), true), (named("web-b"), false), (None, true)]);
    }
}
