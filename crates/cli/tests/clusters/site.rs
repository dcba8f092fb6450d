//! A guarded site: an API server of its own, `kubectl` and `helm` of one generation, and the real `backout`.
//!
//! Contract: what a test asserts is seen through `kubectl`, `helm`, the API server's own objects and the journal on disk,
//! never through `backout`'s word alone.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use backout_kube_double::Double;
use backout_testkit::guarded::{Ended, Journal, Running, end_all_of};
use backout_testkit::kube::{Generation, KubeClients};
use serde_json::Value;

use crate::manifests::{CHART, secret, web};

/// How long anything may take to show.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct Site {
    pub(crate) double: Double,
    pub(crate) clients: KubeClients,
}

impl Site {
    /// A site of that service, written as in a block mapping; `None`, with the skip counted, where there are no clients. The Secret is
    /// there already.
    pub(crate) fn new(test: &str, generation: Generation, services: &str) -> Option<Self> {
        let double = Double::start().unwrap();
        let kubeconfig = double.kubeconfig();
        Self::reached(test, generation, (double, &kubeconfig), services)
    }

    /// As [`Site::new`], of a double that is reached by that kubeconfig.
    pub(crate) fn reached(
        test: &str,
        generation: Generation,
        (double, kubeconfig): (Double, &Path),
        services: &str,
    ) -> Option<Self> {
        let clients = KubeClients::new(test, generation, kubeconfig)?;
        CHART.iter().for_each(|(file, content)| drop(clients.write(file, content)));
        let site = Self { double, clients };
        site.configure(services);
        site.apply(&secret("old"));
        Some(site)
    }

    /// `web` as a Deployment, deployed and recorded as good.
    pub(crate) fn workload(test: &str, generation: Generation) -> Option<Self> {
        let site = Self::new(test, generation, "web: { platform: { kubernetes: { namespace: default } } }")?;
        site.apply(&web("shop/web:1", "fine"));
        site.is_good();
        Some(site)
    }

    /// `shop` as a release, installed and recorded as good.
    pub(crate) fn release(test: &str, generation: Generation) -> Option<Self> {
        let site = Self::new(test, generation, "shop: { platform: { helm: { namespace: default } } }")?;
        drop(site.clients.helm(&["install", "shop", "chart", "--wait", "--timeout", "60s"]).ok());
        site.is_good();
        Some(site)
    }

    fn configure(&self, services: &str) {
        let head = "version: 1\nproject: shop\nenvironments:\n  prod:\n    guard: { soak: 4s, dead_man: 2s }\n";
        self.clients.write("backout.yaml", &format!("{head}    services:\n      {services}\n"));
    }

    /// Watches a deploy for so long.
    pub(crate) fn watches_for(&self, soak: &str) {
        let text = std::fs::read_to_string(self.clients.folder().join("backout.yaml")).unwrap();
        self.clients.write("backout.yaml", &text.replace("soak: 4s", &format!("soak: {soak}")));
    }

    /// Gives pods so long to become ready.
    pub(crate) fn grants(&self, ready_within: &str) {
        let text = std::fs::read_to_string(self.clients.folder().join("backout.yaml")).unwrap();
        let service = "{ namespace: default } }";
        self.clients.write("backout.yaml", &text.replace(service, &format!("{service}, ready_within: {ready_within}")));
    }

    pub(crate) fn apply(&self, manifest: &str) {
        let file = self.clients.write("manifest.yaml", manifest);
        drop(self.clients.kubectl(&["apply", "-f", &file.display().to_string()]).ok());
    }

    /// What runs is well and a good checkpoint.
    pub(crate) fn is_good(&self) {
        drop(self.clients.kubectl(&["rollout", "status", "deployment/web", "--timeout=30s"]).ok());
        self.backout(&["checkpoint", "create"]).expect_code(0);
    }

    #[expect(clippy::disallowed_methods, reason = "the program is started as a person starts it")]
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backout"));
        for name in ["BACKOUT_CONFIG", "BACKOUT_ENVIRONMENT", "BACKOUT_STATE"] {
            command.env_remove(name);
        }
        command.envs(self.clients.environment()).env("NO_COLOR", "1").current_dir(self.clients.folder());
        command.arg("--state").arg(self.clients.folder().join(".backout")).args(arguments);
        command
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    pub(crate) fn backout(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).wait()
    }

    /// `backout guard -- COMMAND`.
    pub(crate) fn guard(&self, command: &[&str]) -> Ended {
        self.backout(&[&["guard", "--"], command].concat())
    }

    /// `backout guard -- helm upgrade shop chart --set SET`, waiting as Helm does by default, for five minutes.
    pub(crate) fn guard_upgrade(&self, set: &str) -> Ended {
        self.guard(&["helm", "upgrade", "shop", "chart", "--set", set, "--wait", "--timeout", "300s"])
    }

    /// A script of the shell that finds `kubectl` and `helm`.
    #[expect(clippy::disallowed_methods, reason = "the script is run as a person runs it")]
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.envs(self.clients.environment()).current_dir(self.clients.folder()).args(["-c", script]);
        command
    }

    pub(crate) fn journal(&self) -> Journal {
        Journal::of(&self.clients.folder().join(".backout"))
    }

    /// The newest run ended so, and where it went back every check of it holds.
    #[track_caller]
    pub(crate) fn went_back(&self, ended: &Ended) {
        assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
        assert_eq!(self.journal().result().as_deref(), Some("rolled_back"), "{}", ended.stderr);
        let verified = self.journal().newest("verified").unwrap().body;
        let checks = verified["checks"].as_array().cloned().unwrap_or_default();
        let hold = checks.iter().filter(|check| check["verdict"] == "healthy").count();
        assert!(hold > 0 && hold == checks.len(), "{verified:#}");
    }

    /// What `kubectl` says of a path of an object.
    pub(crate) fn says(&self, object: &str, path: &str) -> String {
        self.clients.kubectl(&["get", object, "-o", &format!("jsonpath={{{path}}}")]).ok()
    }

    /// What runs of `web`, by digest, once `kubectl` agrees that it has rolled out: pods that are on their way out do not
    /// count, and all others are ready.
    #[track_caller]
    pub(crate) fn running(&self) -> Vec<String> {
        let status = self.clients.kubectl(&["rollout", "status", "deployment/web", "--timeout=10s"]);
        assert!(status.is_ok(), "{}{}", status.stdout, status.stderr);
        let pods = self.double.objects("v1", "Pod", "default");
        let of_web = |pod: &&Value| {
            pod["metadata"]["labels"]["app"] == "web" && pod["metadata"].get("deletionTimestamp").is_none()
        };
        let images = pods.iter().filter(of_web).map(|pod| {
            let container = &pod["status"]["containerStatuses"][0];
            assert_eq!(container["ready"], true, "{pod:#}");
            container["imageID"].as_str().unwrap_or_default().to_owned()
        });
        images.collect()
    }

    /// What Helm says of the release: the newest revision's number and status, and its manifest.
    pub(crate) fn released(&self) -> (u64, String, String) {
        let text = self.clients.helm(&["status", "shop", "-o", "json"]).ok();
        let status: Value = serde_json::from_str(&text).unwrap();
        let word = status["info"]["status"].as_str().unwrap_or_default().to_owned();
        let manifest = self.clients.helm(&["get", "manifest", "shop"]).ok();
        (status["version"].as_u64().unwrap_or_default(), word, manifest)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        end_all_of(self.clients.folder());
    }
}
