//! The four services, how they are deployed, what they are, and what `backout` says of them.
//!
//! Contract: what is, is seen through Docker, `kubectl`, `helm` and `/proc`; what is said comes from `backout` alone. A
//! test compares the two.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use backout_kube_double::Double;
use backout_testkit::guarded::{Ended, Guarded, Journal, Running, Service, wait_until};
use backout_testkit::kube::{Generation, KubeClients};
use jiff::Timestamp;
use serde_json::Value;

/// In the order of their dependencies, which is that of the alphabet reversed.
pub(super) const ORDER: [&str; 4] = ["store", "queue", "gate", "agent"];
/// How long anything may take to show.
const SOON: Duration = Duration::from_secs(30);

/// What each service is, in words that two looks can be compared by.
pub(super) type World = BTreeMap<&'static str, String>;

pub(super) struct Site {
    guarded: Guarded,
    pub(super) double: Double,
    clients: KubeClients,
    /// What version 1 and version 2 are, by what was seen when all of them ran.
    versions: Vec<World>,
}

impl Site {
    /// Version 1 of all four, up and recorded as good, and version 2 of all four after it. `None`, with the skip counted,
    /// where Docker or the clients are missing.
    pub(super) fn new(test: &str) -> Option<Self> {
        let guarded = Guarded::new(test, env!("CARGO_BIN_EXE_backout"), &[Service::new("store")])?;
        let double = Double::start().unwrap();
        let clients = KubeClients::new(test, Generation::Helm4, &double.kubeconfig())?;
        let mut site = Self { guarded, double, clients, versions: Vec::new() };
        site.write();
        for version in ["v1", "v2"] {
            site.deploy(version);
            site.versions.push(site.is());
            if version == "v1" {
                site.backout(&["checkpoint", "create"]).expect_code(0);
            }
        }
        ORDER.iter().for_each(|name| assert_ne!(site.versions[0][name], site.versions[1][name]));
        Some(site)
    }

    fn write(&self) {
        let file = |name: &str, text: &str| self.guarded.project().write(name, text);
        file("backout.yaml", &CONFIGURATION.replace("PROJECT", self.guarded.project().name()));
        for folder in ["chart/templates", "agent/releases/v1", "agent/releases/v2"] {
            std::fs::create_dir_all(self.guarded.folder().join(folder)).unwrap();
        }
        file("chart/Chart.yaml", "apiVersion: v2\nname: gate\nversion: 1.0.0\n");
        file("chart/templates/gate.yaml", &workload("gate", "{{ .Values.tag }}"));
        for version in ["v1", "v2"] {
            let program = format!("agent/releases/{version}/agent");
            file(&program, "#!/bin/sh\ndate -u +%FT%T.%NZ > ../../since\nexec sleep 3600\n");
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(self.guarded.folder().join(program), mode).unwrap();
        }
    }

    /// Deploys a version of all four as their own tools do, and waits until they are well.
    #[expect(clippy::disallowed_methods, reason = "the programs are started as a person starts them")]
    fn deploy(&mut self, version: &str) {
        let script = self.script(version);
        let output = self.in_environment(Command::new("sh")).args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What deploys a version of all four, in a shell.
    pub(super) fn script(&self, version: &str) -> String {
        let (project, program) = (self.guarded.project(), env!("CARGO_BIN_EXE_backout"));
        let _ = self.guarded.version(version, "ok");
        project.write(&format!("queue-{version}.yaml"), &workload("queue", version));
        let (name, image) = (project.name(), project.image_name(version));
        [
            format!("echo STORE_IMAGE={image} > .env"),
            format!("docker compose --project-name {name} up --detach --wait"),
            format!("kubectl apply -f queue-{version}.yaml"),
            "kubectl rollout status deployment/queue --timeout=30s".to_owned(),
            format!("helm upgrade --install gate chart --set tag={version} --wait --timeout 60s"),
            format!("ln -s releases/{version} agent/next && mv -T agent/next agent/current"),
            format!("{program} restart agent"),
        ]
        .join(" && ")
    }

    fn in_environment(&self, mut command: Command) -> Command {
        command.envs(self.clients.environment()).env("NO_COLOR", "1").current_dir(self.guarded.folder());
        command
    }

    pub(super) fn backout(&self, arguments: &[&str]) -> Ended {
        Running::start(self.in_environment(self.guarded.command(arguments))).wait()
    }

    pub(super) fn journal(&self) -> Journal {
        self.guarded.journal()
    }

    /// Which version each service is, by what is seen from outside: `v1`, `v2`, or what else it is.
    pub(super) fn runs(&self) -> World {
        let is = self.is();
        let version = |name: &'static str| {
            let at = self.versions.iter().position(|seen| seen[name] == is[name]);
            (name, at.map_or_else(|| is[name].clone(), |index| format!("v{}", index + 1)))
        };
        ORDER.into_iter().map(version).collect()
    }

    /// What each service is, seen from outside.
    fn is(&self) -> World {
        let store = self.guarded.one("store");
        let store = format!("{} {} {}", store.image, store.state, store.health);
        let (gate, manifest) = self.release();
        let gate = format!("{gate} {} {manifest}", self.pods("gate"));
        let of = [("store", store), ("queue", self.pods("queue")), ("gate", gate), ("agent", self.agent())];
        of.into_iter().collect()
    }

    /// The images of a Deployment's pods, once those that are on their way out are gone, and whether they are ready.
    fn pods(&self, name: &str) -> String {
        let of = |object: &Value| object["metadata"]["labels"]["app"] == name;
        let all = || self.double.objects("v1", "Pod", "default").into_iter().filter(of).collect::<Vec<_>>();
        let is_leaving = |pod: &Value| pod["metadata"].get("deletionTimestamp").is_some();
        wait_until("old pods to go", SOON, || !all().iter().any(is_leaving));
        let mut said: Vec<String> = all()
            .iter()
            .map(|pod| &pod["status"]["containerStatuses"][0])
            .map(|container| format!("{} ready: {}", container["imageID"], container["ready"]))
            .collect();
        said.sort_unstable();
        let status = self.clients.kubectl(&["rollout", "status", &format!("deployment/{name}"), "--timeout=1s"]);
        format!("{said:?} rolled out: {}", status.is_ok())
    }

    /// What `helm` says of the release: the newest revision's status, and its manifest.
    fn release(&self) -> (String, String) {
        let text = self.clients.helm(&["status", "gate", "-o", "json"]).ok();
        let status: Value = serde_json::from_str(&text).unwrap();
        let word = status["info"]["status"].as_str().unwrap_or_default().to_owned();
        (word, self.clients.helm(&["get", "manifest", "gate"]).ok())
    }

    /// The release folder that the program runs in, and the one that it would be started from.
    fn agent(&self) -> String {
        let state = std::fs::read(self.guarded.state().join("host/staging/agent.json")).unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        let process = PathBuf::from(format!("/proc/{}/cwd", state["process"]["pid"]));
        let works_in = std::fs::read_link(process).unwrap_or_default();
        let current = std::fs::read_link(self.guarded.folder().join("agent/current")).unwrap();
        format!("works in {}, current is {}", works_in.display(), current.display())
    }

    /// Moments at which what runs of each service came to be, in the order of their dependencies.
    pub(super) fn since(&self) -> Vec<Timestamp> {
        let status = self.clients.helm(&["status", "gate", "-o", "json"]).ok();
        let status: Value = serde_json::from_str(&status).unwrap();
        let queue = [
            "get",
            "deployment",
            "queue",
            "-o",
            "jsonpath={.status.conditions[?(@.type=='Progressing')].lastUpdateTime}",
        ];
        let agent = std::fs::read_to_string(self.guarded.folder().join("agent/since")).unwrap();
        let all = [
            self.guarded.one("store").started_at,
            self.clients.kubectl(&queue).ok(),
            status["info"]["last_deployed"].as_str().unwrap().to_owned(),
            agent.trim().to_owned(),
        ];
        all.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// Which version each service is by the facts of a document of `backout`: `v1` is what the target has, `v2` what the
    /// checkpoint of the present has.
    pub(super) fn said(&self, document: &Value) -> World {
        let body = |kind: &str| {
            let records = document["records"].as_array().unwrap();
            records.iter().rev().map(|record| &record["body"]).find(|body| body["kind"] == kind).unwrap()
        };
        let artifacts = |checkpoint: &str| {
            let shown = self.backout(&["--json", "show", checkpoint]).expect_code(0);
            let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
            shown["checkpoint"]["artifacts"].clone()
        };
        let plan = &body("plan_made")["plan"];
        let present = body("checkpoint_taken")["checkpoint"]["id"].as_str().unwrap();
        let known = [artifacts(plan["target"].as_str().unwrap()), artifacts(present)];
        let facts = body("verified")["facts"].as_array().unwrap();
        let version = |name: &'static str| {
            let fact = facts.iter().find(|fact| fact["service"] == name).unwrap();
            let instances = fact["seen"]["instances"].as_array().cloned().unwrap_or_default();
            let runs = |artifacts: &Value| {
                let is_of = |instance: &Value| instance["version"] == artifacts[name]["version"];
                !instances.is_empty() && instances.iter().all(is_of)
            };
            let at = known.iter().position(runs);
            (name, at.map_or_else(|| fact.to_string(), |index| format!("v{}", index + 1)))
        };
        ORDER.into_iter().map(version).collect()
    }
}

/// What the summary of a run that did not arrive says of each service: `back`, or `not back`.
pub(super) fn told(summary: &str) -> World {
    let (_, far) = summary.split_once("; back: ").unwrap_or_default();
    let (back, not_back) = far.split_once("; not back: ").unwrap();
    let of = |name: &str| match (back.contains(&format!("`{name}` ")), not_back.contains(&format!("`{name}` "))) {
        (true, false) => "back",
        (false, true) => "not back",
        _ => "told twice, or not at all",
    };
    ORDER.into_iter().map(|name| (name, of(name).to_owned())).collect()
}

/// Each service at a version, in the order of their dependencies.
pub(super) fn world(versions: [&str; 4]) -> World {
    ORDER.into_iter().zip(versions.map(str::to_owned)).collect()
}

impl Drop for Site {
    /// The program on the host outlives whoever started it.
    fn drop(&mut self) {
        backout_testkit::guarded::end_all_of(self.guarded.folder());
    }
}

const CONFIGURATION: &str = "version: 1
project: shop
environments:
  staging:
    guard: { soak: 4s, dead_man: 3s }
    services:
      store:
        platform: { compose: { files: [docker-compose.yml], env_files: [.env], project: PROJECT } }
      queue:
        platform: { kubernetes: { namespace: default } }
        depends_on: [store]
      gate:
        platform: { helm: { namespace: default } }
        depends_on: [queue]
      agent:
        platform: { host: {} }
        releases: agent
        run: [./agent]
        depends_on: [gate]
";

fn workload(name: &str, tag: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{{name: app, image: \"shop/{name}:{tag}\"}}]
"
    )
}
