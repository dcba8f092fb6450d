//! An example on a cluster of one test: its own chart, its own configuration, and what is asked of it is asked from outside.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use backout_kube_double::{Double, Program};
use backout_testkit::client::field;
use backout_testkit::docker::python;
use backout_testkit::guarded::{Ended, Journal, JournalRecord, Running, end_all_of, wait_until};
use backout_testkit::kube::{Generation, KubeClients};
use backout_testkit::measured::Recorded;
use backout_testkit::users::Users;
use serde_json::Value;

use crate::beside::database::Database;
use crate::site::SOON;
use crate::teams::scraped::Scraped;
use crate::teams::told::Told;

/// What an example is.
pub(crate) struct Example {
    /// Its folder in `examples/`.
    pub(crate) folder: &'static str,
    /// Where it is on the cluster.
    pub(crate) namespace: &'static str,
    /// What its images' names begin with, and the program that is in them.
    pub(crate) program: (&'static str, &'static str),
    /// The name of its database.
    pub(crate) database: &'static str,
    /// By which variables its configuration finds its Services; the first is the one that users ask.
    pub(crate) services: &'static [(&'static str, &'static str)],
    /// What users ask, all along.
    pub(crate) asked: &'static str,
}

/// A team with nothing deployed yet.
pub(crate) struct Team {
    users: Option<Users>,
    pub(crate) scraped: Scraped,
    pub(crate) example: &'static Example,
    pub(crate) environment: &'static str,
    pub(crate) double: Arc<Double>,
    pub(crate) clients: KubeClients,
    pub(crate) database: Database,
    pub(crate) told: Told,
    ports: BTreeMap<&'static str, u16>,
    /// Further variables of its configuration.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Team {
    /// The cluster, the database and those around it. `None`, with the skip counted, where the test-bed lacks a part.
    pub(crate) fn open(
        test: &str,
        generation: Generation,
        (example, environment): (&'static Example, &'static str),
    ) -> Option<Self> {
        let double = Arc::new(Double::start().unwrap());
        let (clients, python) = (KubeClients::new(test, generation, &double.kubeconfig())?, python(test)?);
        copy(example.folder, clients.folder());
        let (image, file) = example.program;
        let command = vec![python.display().to_string(), clients.folder().join(file).display().to_string()];
        let variables = [("HOST".to_owned(), "127.0.0.1".to_owned()), ("PYTHONUNBUFFERED".to_owned(), "1".to_owned())];
        let folder = clients.folder().to_owned();
        double.run(Program { image: image.to_owned(), command, folder, variables: variables.into() });
        let first = example.services.first().unwrap().1;
        let scraped = Scraped::start(test, &double, (example.namespace, first))?;
        let publish = |service: &str| double.publish(example.namespace, service).unwrap();
        let ports = example.services.iter().map(|(variable, service)| (*variable, publish(service))).collect();
        let (database, told) = (Database::new(example.database), Told::start());
        let users = None;
        let team = Self {
            users,
            scraped,
            example,
            environment,
            double,
            clients,
            database,
            told,
            ports,
            variables: Vec::new(),
        };
        drop(team.clients.kubectl(&["create", "namespace", example.namespace]).ok());
        Some(team)
    }

    /// Users come.
    pub(crate) fn welcome(&mut self) {
        self.users = Some(Users::start(self.port(self.example.services[0].0), self.example.asked));
    }

    /// The port behind a variable.
    pub(crate) fn port(&self, variable: &str) -> u16 {
        self.ports[variable]
    }

    /// What a field of the first Service's answer says.
    pub(crate) fn says(&self, path: &str, name: &str) -> Option<String> {
        field(self.port(self.example.services[0].0), path, name)
    }

    /// `kubectl` in the team's namespace, which has to succeed.
    #[track_caller]
    pub(crate) fn kubectl(&self, words: &[&str]) -> String {
        self.clients.kubectl(&[&["--namespace", self.example.namespace], words].concat()).ok()
    }

    /// `helm` in the team's namespace, which has to succeed.
    #[track_caller]
    pub(crate) fn helm(&self, words: &[&str]) -> String {
        self.clients.helm(&[&["--namespace", self.example.namespace], words].concat()).ok()
    }

    /// What stands at a path of an object.
    pub(crate) fn stands(&self, object: &str, path: &str) -> String {
        self.kubectl(&["get", object, "-o", &format!("jsonpath={{{path}}}")])
    }

    /// What runs of a Deployment, by digest, once `kubectl` agrees that it has rolled out.
    #[track_caller]
    pub(crate) fn running(&self, deployment: &str) -> Vec<String> {
        self.kubectl(&["rollout", "status", &format!("deployment/{deployment}"), "--timeout=20s"]);
        let pods = self.double.objects("v1", "Pod", self.example.namespace);
        let images = pods.iter().filter(|pod| pod["metadata"]["labels"]["app"] == deployment).map(|pod| {
            let container = &pod["status"]["containerStatuses"][0];
            assert_eq!(container["ready"], true, "{pod:#}");
            container["imageID"].as_str().unwrap_or_default().to_owned()
        });
        images.collect()
    }

    /// The ids of a Deployment's pods, which are others once they were replaced.
    pub(crate) fn pods(&self, deployment: &str) -> Vec<String> {
        let pods = self.double.objects("v1", "Pod", self.example.namespace);
        let own = pods.iter().filter(|pod| pod["metadata"]["labels"]["app"] == deployment);
        own.map(|pod| pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// What Helm says of a release: the newest revision's number and status, and its manifest.
    #[track_caller]
    pub(crate) fn released(&self, release: &str) -> (u64, String, String) {
        let status: Value = serde_json::from_str(&self.helm(&["status", release, "-o", "json"])).unwrap();
        let word = status["info"]["status"].as_str().unwrap_or_default().to_owned();
        (status["version"].as_u64().unwrap_or_default(), word, self.helm(&["get", "manifest", release]))
    }

    #[expect(clippy::disallowed_methods, reason = "programs are started as a person starts them")]
    fn command(&self, program: &str, words: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(program);
        for name in ["BACKOUT_CONFIG", "BACKOUT_STATE"] {
            command.env_remove(name);
        }
        command.current_dir(self.clients.folder()).args(words).envs(self.clients.environment()).env("NO_COLOR", "1");
        command.env("BACKOUT_ENVIRONMENT", self.environment).env("KUBE_CONTEXT", "double");
        command.env("DATABASE_URL", self.database.url()).env("ADMIN_URL", self.database.url());
        command.env("PROMETHEUS_URL", &self.scraped.server).env("JOB", &self.scraped.job);
        command.envs(self.ports.iter().map(|(name, port)| (*name, format!("http://127.0.0.1:{port}"))));
        // Minutes of the page are moments here.
        command.envs([("SOAK", "8s"), ("OBSERVE", "1s"), ("RATE_OVER", "5s"), ("READY_WITHIN", "8s")]);
        // A machine that builds something else meanwhile is slow without anybody's doing, and Helm asks as often as it likes.
        command.envs([("SLOW", "5s"), ("HELM_QPS", "1000"), ("HELM_BURST_LIMIT", "1000")]);
        command.envs(self.told.variables()).envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command.envs(variables.iter().copied());
        command
    }

    /// Starts `backout WORDS` in the team's folder.
    pub(crate) fn start(&self, words: &[&str], variables: &[(&str, &str)]) -> Running {
        Running::start(self.command(env!("CARGO_BIN_EXE_backout"), words, variables))
    }

    /// A deploy that nobody guards.
    pub(crate) fn deploy(&self, words: &[&str]) {
        let _ = Running::start(self.command("./deploy.sh", words, &[])).wait().expect_code(0);
    }

    /// Runs `backout WORDS` to its end.
    pub(crate) fn backout(&self, words: &[&str]) -> Ended {
        self.start(words, &[]).wait()
    }

    /// The records that were written since.
    pub(crate) fn since(&self, seq: i64) -> Vec<JournalRecord> {
        self.journal().since(seq)
    }

    /// Waits until there is a record of that kind after that number.
    pub(crate) fn await_record(&self, since: i64, kind: &str) {
        wait_until(kind, SOON, || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            self.since(since).iter().any(|record| record.kind == kind)
        });
    }

    /// The trigger by which the first verdict since then was.
    pub(crate) fn fired(&self, since: i64) -> Option<String> {
        let judged = self.since(since).into_iter().find(|record| record.kind == "judged")?;
        judged.text("/judgement/fired/trigger").map(str::to_owned)
    }
}

impl Recorded for Team {
    fn journal(&self) -> Journal {
        Journal::of(&self.clients.folder().join(".backout"))
    }
}

impl Drop for Team {
    /// Ends every process that works in the team's folder: guards, switches, and what they started.
    fn drop(&mut self) {
        self.users = None;
        end_all_of(self.clients.folder());
    }
}

#[expect(clippy::disallowed_methods, reason = "an example is copied as a person would copy it")]
fn copy(example: &str, folder: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example).join(".");
    assert!(Command::new("cp").arg("-r").args([from.as_path(), folder]).status().unwrap().success());
}
