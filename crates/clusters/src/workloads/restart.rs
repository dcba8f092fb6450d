//! Having the pods of workloads made anew, as `kubectl rollout restart` does, and waiting until they have been.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backout_core::config::WorkloadKind;
use backout_core::port::{Clock, PortError};
use kube::core::DynamicObject;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::objects::{Objects, Workloads, kinds};
use crate::cluster::Cluster;
use crate::object::{condition, is_true, number, text};
use crate::patched::patched;
use crate::pods::{Family, is_observed, refused, trouble};

/// The annotation of a pod template by which `kubectl rollout restart` has pods made anew.
pub(crate) const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

/// How long pods may be in trouble before they are no longer waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the pods are looked at. It costs no request.
const LOOK: Duration = Duration::from_millis(200);

/// Why a workload cannot be started anew by its template, and what a person does then.
///
/// | it is                                                       | pods are made anew                  |
/// |-------------------------------------------------------------|-------------------------------------|
/// | a Rollout                                                   | no: its canary would begin          |
/// | a Deployment that is paused                                 | no: its controller does nothing     |
/// | a StatefulSet or DaemonSet with `OnDelete`                  | no: only where a person deletes them|
/// | a StatefulSet with a partition                              | no: only those above it             |
/// | any other                                                   | yes                                 |
fn cannot(kind: WorkloadKind, there: &DynamicObject) -> Option<(&'static str, &'static str)> {
    let on_delete = text(&there.data, "/spec/updateStrategy/type") == Some("OnDelete");
    let partition = number(&there.data, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    match kind {
        WorkloadKind::Rollout => Some(("a new template would begin its canary", "kubectl argo rollouts restart NAME")),
        WorkloadKind::Deployment if is_true(&there.data, "/spec/paused") => {
            Some(("it is paused", "kubectl rollout resume deployment/NAME"))
        }
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet if on_delete => {
            Some(("its pods are only made anew once they are deleted", "kubectl delete pod POD, one after the other"))
        }
        WorkloadKind::StatefulSet if partition > 0 => {
            Some(("its partition keeps pods from being made anew", "kubectl delete pod POD, one after the other"))
        }
        _ => None,
    }
}

/// The same object, with a template that makes all of its pods anew.
pub(crate) fn restarted(there: &DynamicObject, at: jiff::Timestamp) -> DynamicObject {
    let mut anew = there.clone();
    let annotations = &mut anew.data["spec"]["template"]["metadata"]["annotations"];
    annotations[RESTARTED] = Value::from(second(at));
    anew
}

/// In the form that `kubectl` writes.
fn second(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Has the pods of workloads made anew, by namespace and name, and waits until they have been.
///
/// # Errors
/// One cannot be started anew, is not there or cannot be written; or its pods do not run.
pub(crate) async fn restart(
    cluster: &Arc<Cluster>,
    all: BTreeMap<String, Vec<(WorkloadKind, String)>>,
    clock: &dyn Clock,
) -> Result<(), PortError> {
    let mut beside = Vec::new();
    for (namespace, names) in all {
        beside.push((cluster.in_namespace(&namespace).await?, names));
    }
    let all: Vec<Workloads<'_>> = beside.iter().map(|(there, names)| Workloads::new(there, names.clone())).collect();
    for workloads in &all {
        workloads.can_restart(&workloads.objects().await?)?;
    }
    for workloads in &all {
        workloads.mark_restarted(clock.now()).await?;
    }
    for workloads in &all {
        workloads.until_anew(clock).await?;
    }
    Ok(())
}

impl Workloads<'_> {
    /// Whether all of them can be started anew, by what is there.
    ///
    /// # Errors
    /// One cannot, or none is there.
    pub(crate) fn can_restart(&self, objects: &Objects) -> Result<(), PortError> {
        let found: Vec<_> =
            self.names.iter().filter_map(|(kind, name)| Some((*kind, name, objects.workload(*kind, name)?))).collect();
        if found.is_empty() {
            let names: Vec<String> =
                self.names.iter().map(|(kind, name)| format!("{}/{name}", kind.as_str())).collect();
            return Err(PortError::new(format!("nothing is there that could be started anew: {}", names.join(", ")))
                .hint("deploy it, or go back: `backout rollback`"));
        }
        let refusal = found.iter().find_map(|(kind, name, there)| Some((kind, name, cannot(*kind, there)?)));
        let Some((kind, name, (why, instead))) = refusal else { return Ok(()) };
        let what = format!("`{}/{name}` cannot be started anew: {why}", kind.as_str());
        Err(PortError::new(what).hint(format!("`{}`", instead.replace("NAME", name))))
    }

    async fn mark_restarted(&self, at: jiff::Timestamp) -> Result<(), PortError> {
        let objects = self.objects().await?;
        let annotations = json!({RESTARTED: second(at)});
        for (kind, name) in self.names.iter().filter(|(kind, name)| objects.workload(*kind, name).is_some()) {
            let [resource, _] = kinds(*kind);
            let what = format!("`{}/{name}` could not be started anew", kind.as_str());
            let api = self.cluster.api(resource).await?;
            let patch = |_: &DynamicObject, version: &str| {
                Some(json!({
                    "metadata": {"resourceVersion": version},
                    "spec": {"template": {"metadata": {"annotations": annotations}}},
                }))
            };
            if let Some(written) = patched(&api, name, &what, patch).await? {
                self.cluster.live(resource).await?.reflects(&written).await?;
            }
        }
        Ok(())
    }

    /// Waits until every pod is of the newest template, and ready. The caller says how long that may take.
    ///
    /// # Errors
    /// What keeps them from it, once it has lasted.
    pub(crate) async fn until_anew(&self, clock: &dyn Clock) -> Result<(), PortError> {
        let mut since: Option<Instant> = None;
        loop {
            // A look that fails says nothing.
            if let Ok(objects) = self.objects().await {
                let families = self.families(&objects);
                if families.iter().all(is_anew) {
                    return Ok(());
                }
                let found = |family| trouble(family, clock.now()).or_else(|| refused(family, &objects.refusals));
                match families.iter().find_map(found) {
                    Some(trouble) if since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE => {
                        return Err(PortError::new(format!("its new pods do not run: {}", trouble.what)));
                    }
                    Some(_) => {}
                    None => since = None,
                }
            }
            sleep(LOOK).await;
        }
    }
}

fn is_anew(family: &Family<'_>) -> bool {
    let is_ready =
        |pod: &DynamicObject| condition(&pod.data, "Ready").is_some_and(|ready| text(ready, "/status") == Some("True"));
    let newest = family.newest().filter(|member| is_ready(member.pod)).count();
    is_observed(family.workload) && newest == family.members.len() && newest >= family.wanted() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(kind: &str, spec: &Value) -> DynamicObject {
        serde_json::from_value(
            json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": spec}),
        )
        .unwrap()
    }

    #[test]
    fn what_no_template_would_start_anew_is_refused() {
        let refusal = |kind, name: &str, spec: Value| cannot(kind, &workload(name, &spec)).map(|(why, _)| why);
        assert_eq!(refusal(WorkloadKind::Deployment, "Deployment", json!({})), None);
        assert_eq!(refusal(WorkloadKind::StatefulSet, "StatefulSet", json!({"updateStrategy": {}})), None);
        assert!(refusal(WorkloadKind::Deployment, "Deployment", json!({"paused": true})).is_some());
        let on_delete = json!({"updateStrategy": {"type": "OnDelete"}});
        assert!(refusal(WorkloadKind::DaemonSet, "DaemonSet", on_delete).is_some());
        let partition = json!({"updateStrategy": {"rollingUpdate": {"partition": 1}}});
        assert!(refusal(WorkloadKind::StatefulSet, "StatefulSet", partition).is_some());
        assert!(refusal(WorkloadKind::Rollout, "Rollout", json!({})).is_some());
    }

    #[test]
    fn a_template_is_marked_as_kubectl_marks_it_and_nothing_else_of_it_changes() {
        let there = workload("Deployment", &json!({"replicas": 2, "template": {"spec": {"containers": []}}}));
        let mut anew = restarted(&there, "2026-11-22T06:00:00.5Z".parse().unwrap());
        let annotations = anew.data["spec"]["template"].as_object_mut().unwrap().remove("metadata").unwrap();
        assert_eq!(annotations, json!({"annotations": {RESTARTED: "2026-11-22T06:00:00Z"}}));
        assert_eq!(anew.data, there.data);
    }
}
