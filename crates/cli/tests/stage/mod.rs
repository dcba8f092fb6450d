//! A guarded Compose project on real Docker: its files, the real `backout` on it, and what can be seen from outside.
//!
//! Contract: what a test asserts is seen through Docker, HTTP and the journal on disk, never through `backout`'s own word
//! alone.

mod ran;
mod seen;

use std::process::{Child, Command, Stdio};

use backout_testkit::docker::{Project, free_port};
pub(crate) use ran::Ran;
pub(crate) use seen::{eventually, get};

/// The binary under test.
const BACKOUT: &str = env!("CARGO_BIN_EXE_backout");

/// A Compose project with a configuration for `backout`, and ports of its own.
pub(crate) struct Stage {
    pub(crate) project: Project,
    /// Where `app` is published.
    pub(crate) port: u16,
}

impl Stage {
    /// A stage for the test of that name; `None`, with the skip counted, where there is no Docker Compose. It has the
    /// service `app`, published on [`Self::port`], whose image `.env` chooses.
    pub(crate) fn set(test: &str) -> Option<Self> {
        let stage = Self { project: Project::start(test)?, port: free_port() };
        stage.compose_file(&stage.app(""));
        stage.configure(&[]);
        Some(stage)
    }

    /// The service `app` as Compose has it, with more keys, each line indented by four.
    pub(crate) fn app(&self, keys: &str) -> String {
        let port = self.port;
        let stop = "stop_grace_period: 1s";
        format!("services:\n  app:\n    image: ${{IMAGE}}\n    ports: [\"127.0.0.1:{port}:8080\"]\n    {stop}\n{keys}")
    }

    pub(crate) fn compose_file(&self, text: &str) {
        self.project.write("docker-compose.yml", text);
    }

    /// Configures `backout`: `app` with a probe on its health, and the lines given in place of the defaults, indented by
    /// four where they belong to the environment.
    pub(crate) fn configure(&self, lines: &[&str]) {
        let health =
            format!("http: \"http://127.0.0.1:{}/health\", every: 250ms, timeout: 1s, start_period: 1s", self.port);
        let app = format!("    services:\n      app:\n        probes:\n          health: {{ {health} }}");
        let guard = "    guard: { soak: 6s, dead_man: 5s, every: 100ms }";
        let services = lines.iter().any(|line| line.trim_start().starts_with("services:"));
        let soak = lines.iter().any(|line| line.trim_start().starts_with("guard:"));
        let all = [(!services).then_some(app.as_str()), (!soak).then_some(guard)];
        let own: Vec<&str> = all.into_iter().flatten().chain(lines.iter().copied()).collect();
        let name = self.project.name();
        let platform = format!("{{ compose: {{ files: [docker-compose.yml], env_files: [.env], project: {name} }} }}");
        let head = format!("version: 1\nproject: shop\nenvironments:\n  staging:\n    platform: {platform}\n");
        self.project.write("backout.yaml", &format!("{head}{}\n", own.join("\n")));
    }

    /// An image of the demo application in a mode; returns its id.
    pub(crate) fn image(&self, tag: &str, mode: &str) -> String {
        self.project.image(tag, &[("APP_VERSION", tag), ("APP_MODE", mode)])
    }

    /// Has `.env` choose an image, without a deploy.
    pub(crate) fn choose(&self, tag: &str) {
        self.project.write(".env", &format!("IMAGE={}\n", self.project.image_name(tag)));
    }

    /// A first deploy that nobody guards; waits until `app` answers.
    pub(crate) fn up(&self, tag: &str) {
        self.choose(tag);
        let _ = self.project.compose(&["up", "--detach"]);
        eventually("the application answers", || self.answer("/version").is_some());
    }

    /// A deploy as a shell would do it: chooses the image, and up.
    pub(crate) fn deploy(&self, tag: &str) -> String {
        let (name, image) = (self.project.name(), self.project.image_name(tag));
        format!("echo IMAGE={image} > .env && docker compose -p {name} up --detach")
    }

    /// What `app` answers on the host; `None` where it does not answer with 200.
    pub(crate) fn answer(&self, path: &str) -> Option<String> {
        get(self.port, path)
    }

    /// What stands in the journal while something runs.
    pub(crate) fn so_far(&self) -> Ran {
        Ran::so_far(self)
    }

    /// Runs `backout` to its end.
    pub(crate) fn backout(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.start(arguments, &[]), self)
    }

    /// Guards a deploy that a shell does, to the end.
    pub(crate) fn guard(&self, deploy: &str) -> Ran {
        self.backout(&["--json", "guard", "--", "sh", "-c", deploy])
    }

    /// Starts `backout` in the project's folder.
    #[expect(clippy::disallowed_methods, reason = "a test of the binary starts it as a person would")]
    pub(crate) fn start(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Child {
        let mut command = Command::new(BACKOUT);
        command.args(arguments).envs(variables.iter().copied()).current_dir(self.project.folder());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}
