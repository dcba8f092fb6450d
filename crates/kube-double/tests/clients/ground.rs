//! One double and the clients of one generation.

use std::time::Duration;

use backout_kube_double::Double;
use backout_testkit::kube::{Generation, KubeClients, Ran};
use serde_json::Value;

/// How long anything is waited for that is to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Ground {
    pub(crate) double: Double,
    pub(crate) clients: KubeClients,
    pub(crate) generation: Generation,
}

/// Runs the test with the clients of both generations, each with a double of its own.
pub(crate) fn both(test: &str, run: impl Fn(&Ground)) {
    for generation in Generation::BOTH {
        let double = Double::start().unwrap();
        let Some(clients) = KubeClients::new(test, generation, &double.kubeconfig()) else { return };
        run(&Ground { double, clients, generation });
    }
}

impl Ground {
    /// What `kubectl` says, which has to succeed.
    pub(crate) fn kubectl(&self, words: &str) -> String {
        self.try_kubectl(words).ok()
    }

    pub(crate) fn try_kubectl(&self, words: &str) -> Ran {
        self.clients.kubectl(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// What `helm` says, which has to succeed.
    pub(crate) fn helm(&self, words: &str) -> String {
        self.try_helm(words).ok()
    }

    pub(crate) fn try_helm(&self, words: &str) -> Ran {
        self.clients.helm(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Applies an object with `kubectl`.
    pub(crate) fn apply(&self, manifest: &Value) -> String {
        let file = self.clients.write("manifest.json", &manifest.to_string());
        self.kubectl(&format!("apply -f {}", file.display()))
    }

    /// Waits until it holds.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        assert!(self.double.eventually(PATIENCE, |_| holds(self)), "{what}: not after {PATIENCE:?}");
    }

    pub(crate) fn deployment(&self, name: &str) -> Value {
        self.double.object("apps/v1", "Deployment", "default", name).unwrap()
    }

    /// The pods' statuses, as `kubectl` shows them.
    pub(crate) fn pods(&self) -> Vec<String> {
        let rows = self.kubectl("get pods --no-headers");
        rows.lines().map(|row| row.split_whitespace().nth(2).unwrap_or_default().to_owned()).collect()
    }
}

/// `STATUS/REASON` of a condition.
pub(crate) fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.into_iter().find(|condition| condition["type"] == kind).unwrap_or_default();
    let part = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", part("status"), part("reason"))
}
