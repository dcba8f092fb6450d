//! The project: its services, its versions, its configuration, and `backout` on it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::journal::Journal;
use super::process::{Ended, Running, end_all_of};
use crate::docker::{Project, free_port};

/// The keys of `guard` that a test gets where it says nothing.
const GUARD: &str = "soak: 4s, dead_man: 3s";

/// One service of the project; each has a health check and the probe `health`.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its name, in lower case letters.
    pub name: &'static str,
    /// What it depends on, in Compose (until healthy) and in the configuration.
    pub depends_on: &'static [&'static str],
    /// Further keys of it in the Compose file, as `key: value` lines.
    pub compose: &'static str,
}

impl Service {
    /// A service that stands alone.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, depends_on: &[], compose: "" }
    }

    /// The same, depending on others.
    #[must_use]
    pub const fn depends_on(self, depends_on: &'static [&'static str]) -> Self {
        Self { depends_on, ..self }
    }

    /// The same, with further keys in the Compose file.
    #[must_use]
    pub const fn compose(self, compose: &'static str) -> Self {
        Self { compose, ..self }
    }

    fn variable(&self) -> String {
        format!("{}_IMAGE", self.name.to_uppercase())
    }
}

/// A guarded project.
#[derive(Debug)]
pub struct Guarded {
    /// The Compose project.
    project: Project,
    program: PathBuf,
    state: PathBuf,
    services: Vec<(Service, u16)>,
    versions: BTreeMap<&'static str, String>,
}

impl Guarded {
    /// A project of those services for the test of that name, not up yet. `program` is the `backout` to test
    /// (`env!("CARGO_BIN_EXE_backout")`). `None`, with the skip counted, where there is no Docker.
    #[must_use]
    pub fn new(test: &str, program: &str, services: &[Service]) -> Option<Self> {
        let project = Project::start(test)?;
        let state = project.folder().join(".backout");
        let services: Vec<(Service, u16)> = services.iter().map(|service| (*service, free_port())).collect();
        let versions = services.iter().map(|(service, _)| (service.name, "v1".to_owned())).collect();
        let guarded = Self { project, program: program.into(), state, services, versions };
        guarded.project.write("docker-compose.yml", &guarded.compose_file());
        guarded.configure(GUARD);
        Some(guarded)
    }

    /// Builds a version: the demo application in a mode. The image's id.
    #[must_use = "write `let _ =` where the id does not matter"]
    pub fn version(&self, tag: &str, mode: &str) -> String {
        self.project.image(tag, &[("APP_VERSION", tag), ("APP_MODE", mode)])
    }

    /// Writes `backout.yaml` with those keys of `guard`, written as in a flow mapping.
    pub fn configure(&self, guard: &str) {
        let mut text = format!(
            "version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: {{ compose: {{ files: \
             [docker-compose.yml], env_files: [.env], project: {} }} }}\n    services:\n",
            self.project.name()
        );
        for (service, port) in &self.services {
            let _ = write!(
                text,
                "      {}:\n        depends_on: [{}]\n        probes:\n          health: {{ http: \
                 \"http://127.0.0.1:{port}/health\", every: 500ms, timeout: 1s }}\n",
                service.name,
                service.depends_on.join(", ")
            );
        }
        let _ = writeln!(text, "    guard: {{ {guard} }}");
        self.project.write("backout.yaml", &text);
    }

    fn compose_file(&self) -> String {
        let mut text = "services:\n".to_owned();
        for (service, port) in &self.services {
            let _ = write!(
                text,
                "  {}:\n    image: ${{{}}}\n    ports: [\"127.0.0.1:{port}:8080\"]\n    restart: unless-stopped\n    \
                 healthcheck: {{ test: [CMD, /app, --healthcheck, \"http://localhost:8080/health\"], interval: \
                 500ms, timeout: 1s, retries: 2 }}\n",
                service.name,
                service.variable()
            );
            if !service.depends_on.is_empty() {
                text.push_str("    depends_on:\n");
            }
            for name in service.depends_on {
                let _ = writeln!(text, "      {name}: {{ condition: service_healthy }}");
            }
            for line in service.compose.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        text
    }

    /// The `.env` that gives some services another version than [`Self::set`] did.
    fn env_file(&self, changes: &[(&str, &str)]) -> String {
        let mut text = String::new();
        for (service, _) in &self.services {
            let changed = changes.iter().find(|(name, _)| *name == service.name).map(|(_, version)| *version);
            let version = changed.unwrap_or(&self.versions[service.name]);
            let _ = writeln!(text, "{}={}", service.variable(), self.project.image_name(version));
        }
        text
    }

    /// Writes the versions into `.env`, without bringing them up.
    pub fn set(&mut self, changes: &[(&'static str, &str)]) {
        for (name, version) in changes {
            self.versions.insert(name, (*version).to_owned());
        }
        self.project.write(".env", &self.env_file(&[]));
    }

    /// Brings what `.env` says up with Compose itself, waiting until every service is healthy where `is_awaited`.
    pub fn up(&self, is_awaited: bool) {
        let wait: &[&str] = if is_awaited { &["--wait"] } else { &[] };
        let _ = self.project.compose(&[&["up", "--detach", "--quiet-pull"], wait].concat());
    }

    /// Version 1 of every service is built, up, healthy, and recorded as good.
    pub fn start_well(&mut self) {
        let _ = self.version("v1", "ok");
        self.set(&[]);
        self.up(true);
        self.backout(&["checkpoint", "create"]).expect_code(0);
    }

    /// A deploy command that gives services other versions: writes `.env` and brings it up.
    #[must_use]
    pub fn deploy(&self, changes: &[(&str, &str)]) -> Vec<String> {
        self.deploy_and(changes, "")
    }

    /// The same, followed by a shell command (`&& sleep 60`).
    #[must_use]
    pub fn deploy_and(&self, changes: &[(&str, &str)], then: &str) -> Vec<String> {
        self.project.write("next.env", &self.env_file(changes));
        let script = format!(
            "cp next.env .env && docker compose --project-name {} up --detach --no-deps {}{then}",
            self.project.name(),
            changes.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
        );
        ["sh", "-c", &script].map(str::to_owned).to_vec()
    }

    /// `backout ARGUMENTS`, not started yet: in the project's folder, with its state where [`Self::move_state`] says.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the testkit does not depend on the adapters that it tests")]
    pub fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder()).arg("--state").arg(&self.state);
        command.args(arguments.iter().map(AsRef::as_ref));
        for name in ["BACKOUT_CONFIG", "BACKOUT_ENVIRONMENT", "BACKOUT_STATE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs `backout ARGUMENTS` to its end.
    pub fn backout<S: AsRef<str>>(&self, arguments: &[S]) -> Ended {
        self.start(arguments).wait()
    }

    /// Starts `backout ARGUMENTS`.
    #[must_use]
    pub fn start<S: AsRef<str>>(&self, arguments: &[S]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Starts `backout guard -- DEPLOY`.
    #[must_use]
    pub fn guard(&self, deploy: &[String]) -> Running {
        let words = ["guard", "--"].into_iter().chain(deploy.iter().map(String::as_str));
        self.start(&words.collect::<Vec<_>>())
    }

    /// Keeps the state elsewhere from now on.
    pub fn move_state(&mut self, state: &Path) {
        self.state = state.to_owned();
    }

    /// What `backout` recorded.
    #[must_use]
    pub fn journal(&self) -> Journal {
        Journal::of(&self.state)
    }

    /// The state directory.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The project's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.project.folder()
    }

    /// The Compose project.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The services' names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.services.iter().map(|(service, _)| service.name)
    }

    /// The port of a service on loopback.
    ///
    /// # Panics
    /// Where there is no such service.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that misspells a service cannot go on")]
    pub fn port(&self, service: &str) -> u16 {
        self.services.iter().find(|(known, _)| known.name == service).unwrap().1
    }
}

impl Drop for Guarded {
    /// Ends every process that names the project's folder: guards, switches, and what they started.
    fn drop(&mut self) {
        end_all_of(self.project.folder());
    }
}
