//! The requests, in a namespace of their own that is deleted at the end.

use backout_testkit::kube::KubeClients;
use serde_json::{Value, json};

use crate::conformance::shape;
use crate::manifest::{config_map, workload};

const GOOD: &str = "registry.k8s.io/pause:3.9";
const BETTER: &str = "registry.k8s.io/pause:3.10";
const MISSING: &str = "registry.k8s.io/pause:0-missing";
const CRASHING: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";

struct Asker<'a> {
    clients: &'a KubeClients,
    namespace: String,
}

/// What the cluster answers to each, by what was asked.
pub(super) fn answers(clients: &KubeClients) -> Value {
    let asker = Asker { clients, namespace: format!("backout-conformance-{}", std::process::id()) };
    clients.kubectl(&["create", "namespace", &asker.namespace]).ok();
    let answers = json!({
        "a rollout": asker.rollout(),
        "a missing image": asker.stuck(MISSING, "ImagePullBackOff"),
        "an undo": asker.undo(),
        "a crash": asker.crash(),
        "a missing ConfigMap": asker.lacking(),
        "a quota": asker.quota(),
        "a StatefulSet": asker.other("StatefulSet"),
        "a DaemonSet": asker.other("DaemonSet"),
        "errors": asker.errors(),
    });
    clients.kubectl(&["delete", "namespace", &asker.namespace, "--wait=false"]).ok();
    answers
}

impl Asker<'_> {
    fn kubectl(&self, words: &str) -> backout_testkit::kube::Ran {
        let namespace = ["-n", self.namespace.as_str()];
        self.clients.kubectl(&namespace.into_iter().chain(words.split_whitespace()).collect::<Vec<_>>())
    }

    fn apply(&self, manifest: &Value) {
        let file = self.clients.write("manifest.json", &manifest.to_string());
        self.kubectl(&format!("apply -f {}", file.display())).ok();
    }

    fn get(&self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {what} -o json")).ok()).unwrap()
    }

    /// Waits until a pod of the application waits for that reason.
    fn wait_for(&self, application: &str, reason: &str) {
        let path = "{.status.containerStatuses[0].state.waiting.reason}";
        let words = format!("wait pod -l app={application} --for=jsonpath={path}={reason} --timeout=120s");
        self.kubectl(&words).ok();
    }

    fn rollout(&self) -> Value {
        self.apply(&workload("Deployment", "web", GOOD));
        self.kubectl("rollout status deploy/web --timeout=120s").ok();
        self.kubectl(&format!("set image deploy/web app={BETTER}")).ok();
        self.kubectl("rollout status deploy/web --timeout=120s").ok();
        let pods = self.get("pods -l app=web --field-selector=status.phase=Running");
        let sets = self.get("rs -l app=web");
        json!({
            "deployment": shape::workload(&self.get("deploy/web")),
            "pod": shape::pod(&pods["items"][0]),
            "replica sets": shape::revisions(&sets),
            "replica set": shape::workload(&sets["items"][0]),
        })
    }

    fn stuck(&self, image: &str, reason: &str) -> Value {
        self.kubectl(&format!("set image deploy/web app={image}")).ok();
        let sets = self.get("rs -l app=web");
        let newest = shape::newest(&sets);
        let path = "{.status.containerStatuses[0].state.waiting.reason}";
        self.kubectl(&format!("wait pod -l pod-template-hash={newest} --for=jsonpath={path}={reason} --timeout=120s"))
            .ok();
        let pods = self.get(&format!("pods -l pod-template-hash={newest}"));
        json!({"deployment": shape::workload(&self.get("deploy/web")), "pod": shape::pod(&pods["items"][0])})
    }

    fn undo(&self) -> Value {
        self.kubectl("rollout undo deploy/web").ok();
        self.kubectl("rollout status deploy/web --timeout=120s").ok();
        shape::revisions(&self.get("rs -l app=web"))
    }

    fn crash(&self) -> Value {
        let mut crash = workload("Deployment", "crash", CRASHING);
        crash["spec"]["replicas"] = json!(1);
        crash["spec"]["template"]["spec"]["containers"][0]["command"] = json!(["sh", "-c", "exit 1"]);
        self.apply(&crash);
        self.wait_for("crash", "CrashLoopBackOff");
        shape::pod(&self.get("pods -l app=crash")["items"][0])
    }

    fn lacking(&self) -> Value {
        let mut lacking = workload("Deployment", "lacking", GOOD);
        lacking["spec"]["replicas"] = json!(1);
        lacking["spec"]["template"]["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "none"}}]);
        self.apply(&lacking);
        self.wait_for("lacking", "CreateContainerConfigError");
        shape::pod(&self.get("pods -l app=lacking")["items"][0])
    }

    fn quota(&self) -> Value {
        self.apply(&json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"},
            "spec": {"hard": {"pods": "0"}}}));
        self.apply(&workload("Deployment", "refused", GOOD));
        self.kubectl("wait deploy/refused --for=condition=ReplicaFailure --timeout=120s").ok();
        let refused = shape::workload(&self.get("deploy/refused"));
        self.kubectl("delete quota none").ok();
        refused
    }

    fn other(&self, kind: &str) -> Value {
        let name = kind.to_lowercase();
        self.apply(&workload(kind, &name, GOOD));
        self.kubectl(&format!("rollout status {kind}/{name} --timeout=120s")).ok();
        shape::workload(&self.get(&format!("{kind}/{name}")))
    }

    fn errors(&self) -> Value {
        self.apply(&config_map("map", "a", "b"));
        let map = self.get("cm/map");
        self.apply(&config_map("map", "a", "c"));
        let stale = self.clients.write("stale.json", &map.to_string());
        let mut unmatched = workload("Deployment", "unmatched", GOOD);
        unmatched["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
        let unmatched = self.clients.write("unmatched.json", &unmatched.to_string());
        let asked = [
            "get cm/none".to_owned(),
            "create cm map".to_owned(),
            format!("replace -f {}", stale.display()),
            format!("create -f {}", unmatched.display()),
            "logs deploy/crash --container=none".to_owned(),
        ];
        let said = asked.map(|words| shape::error(&self.kubectl(&words).stderr));
        json!(said)
    }
}
