//! The application that everybody recovers: one service on a published port, version 1 good, version 2 dies after a moment.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::process::Call;

/// Image names: the good one and the one that dies.
pub(crate) const GOOD: &str = "backout-bench/app:v1";
pub(crate) const BAD: &str = "backout-bench/app:v2";

/// A Compose project in a folder of its own.
pub(crate) struct Project {
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
    pub(crate) port: u16,
}

impl Project {
    /// Builds both images, and writes the project with its `.env` and its `backout.yaml`.
    pub(crate) fn new(folder: &Path, name: &str) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
        image(folder, GOOD, "1", "ok")?;
        image(folder, BAD, "2", "crash-after:1500")?;
        let project = Self { folder: folder.to_owned(), name: name.to_owned(), port: free_port()? };
        project.write("docker-compose.yml", &project.compose())?;
        project.write("backout.yaml", &project.configuration())?;
        project.choose(GOOD)?;
        Ok(project)
    }

    fn compose(&self) -> String {
        format!(
            "services:\n  app:\n    image: ${{APP_IMAGE}}\n    ports: [\"127.0.0.1:{}:8080\"]\n    healthcheck:\n      \
             test: [\"CMD\", \"/app\", \"--healthcheck\", \"http://localhost:8080/health\"]\n      interval: 1s\n      \
             timeout: 1s\n      retries: 2\n",
            self.port
        )
    }

    fn configuration(&self) -> String {
        format!(
            "version: 1\nproject: bench\nenvironments:\n  local:\n    platform: {{ compose: {{ files: \
             [docker-compose.yml], project: {} }} }}\n    services:\n      app:\n        probes:\n          health: {{ http: \
             \"http://127.0.0.1:{}/health\", every: 1s, timeout: 1s }}\n    guard: {{ soak: 60s, dead_man: 30s }}\n",
            self.name, self.port
        )
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(Failure::file(&path))
    }

    /// Writes which image the next `up` takes.
    pub(crate) fn choose(&self, image: &str) -> Result<(), Failure> {
        self.write(".env", &format!("APP_IMAGE={image}\n"))
    }

    /// A Compose command on this project.
    pub(crate) fn compose_call(&self, words: &[&str]) -> Call {
        Call::new("docker").args(["compose", "-p", &self.name]).args(words).folder(&self.folder)
    }

    /// Brings the good version up and waits for it.
    pub(crate) fn good(&self) -> Result<(), Failure> {
        self.choose(GOOD)?;
        self.compose_call(&["up", "-d"]).output()?;
        super::watch::healthy(self.port, "1", std::time::Duration::from_secs(30)).map(drop)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = self.compose_call(&["down", "--timeout", "1"]).output();
    }
}

fn image(folder: &Path, name: &str, version: &str, mode: &str) -> Result<(), Failure> {
    let context = folder.join(format!("image-{version}"));
    fs::create_dir_all(&context).map_err(Failure::file(&context))?;
    let dockerfile = context.join("Dockerfile");
    // In the image, because Swarm's own option for it takes a shell, and there is none in it.
    let text = format!(
        "FROM backout-test/app:base\nENV APP_VERSION={version} APP_MODE={mode}\nHEALTHCHECK --interval=1s --timeout=1s \
         --retries=2 CMD [\"/app\", \"--healthcheck\", \"http://localhost:8080/health\"]\n"
    );
    fs::write(&dockerfile, text).map_err(Failure::file(&dockerfile))?;
    let build = Call::new("docker").env("DOCKER_BUILDKIT", "0").args(["build", "--quiet", "--tag", name]);
    build.args([&context]).output().map(drop)
}

/// A port on loopback that is free now.
pub(crate) fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| Failure::Check(format!("no free port: {error}")))
}
