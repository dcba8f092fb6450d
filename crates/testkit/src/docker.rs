//! A real Docker Compose project for one test: its own name, its own images, its own folder, and nothing left behind.
//!
//! Contract: what a project made is told by labels and removed when it is dropped, whatever the test did to it. Tests run
//! beside one another on one engine, so a prune is asked for with [`Project::prune`], which reaches only the project's own
//! images.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::skip::skip;

/// The image that the test-bed makes of the demo application.
const BASE: &str = "backout-test/app:base";

/// The label on everything that a project builds.
const LABEL: &str = "dev.backout.test";

/// A Compose project of one test.
#[derive(Debug)]
pub struct Project {
    name: String,
    folder: tempfile::TempDir,
}

impl Project {
    /// A project for the test of that name; `None`, with the skip counted, where there is no Docker Compose or no test
    /// image.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        for (probe, what) in [
            (vec!["version"], "no Docker Engine answers"),
            (vec!["compose", "version"], "there is no Docker Compose"),
            (vec!["image", "inspect", BASE], "the image `backout-test/app:base` is missing (`cargo xtask testbed up`)"),
        ] {
            if !command(&probe).output().is_ok_and(|output| output.status.success()) {
                skip(test, what);
                return None;
            }
        }
        let folder = tempfile::Builder::new().prefix("backout-test-").tempdir().ok()?;
        Some(Self { name: unique(), folder })
    }

    /// The project's name, which no other project on the machine has.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that the project's files are in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the project.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[expect(clippy::disallowed_methods, reason = "a test's own files need no durability")]
    #[expect(clippy::unwrap_used, reason = "a test without its files cannot go on")]
    pub fn write(&self, file: &str, content: &str) {
        std::fs::write(self.folder().join(file), content).unwrap();
    }

    /// The name of an image of this project.
    #[must_use]
    pub fn image_name(&self, tag: &str) -> String {
        format!("{}/app:{tag}", self.name)
    }

    /// Builds the demo application with environment variables of its own, as [`Self::image_name`]; returns the image's id.
    #[must_use]
    pub fn image(&self, tag: &str, environment: &[(&str, &str)]) -> String {
        let variables: String = environment.iter().map(|(name, value)| format!("ENV {name}={value}\n")).collect();
        let file = format!("FROM {BASE}\nLABEL {}\n{variables}", self.label());
        self.build(tag, &file)
    }

    /// Builds an image from a Dockerfile, as [`Self::image_name`]; returns its id.
    #[must_use]
    pub fn build(&self, tag: &str, file: &str) -> String {
        let context = self.folder().join(format!("build-{tag}"));
        let _ = std::fs::create_dir_all(&context);
        self.write(&format!("build-{tag}/Dockerfile"), file);
        let name = self.image_name(tag);
        let arguments = ["build", "--quiet", "--tag", &name, &context.to_string_lossy()].map(str::to_owned);
        docker(&arguments.each_ref().map(String::as_str)).trim().to_owned()
    }

    /// The label that an image must have to be removed with the project, as a Dockerfile has it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{LABEL}={}", self.name)
    }

    /// `docker compose` on the project; returns its standard output.
    ///
    /// # Panics
    /// Where it fails.
    #[must_use = "write `let _ =` where only the doing counts"]
    pub fn compose(&self, arguments: &[&str]) -> String {
        let mut all = vec!["compose", "--project-name", &self.name];
        all.extend(arguments);
        finish(command(&all).current_dir(self.folder()))
    }

    /// The ids of a service's containers, running or not, sorted.
    #[must_use]
    pub fn containers(&self, service: &str) -> Vec<String> {
        let project = format!("label=com.docker.compose.project={}", self.name);
        let service = format!("label=com.docker.compose.service={service}");
        lines(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &project, "--filter", &service])
    }

    /// Lets go of what `backout` has pinned for the project: the tags, which images of the test-bed have as well, and the
    /// containers that hold what the checkpoints in them need.
    fn unpin(&self) {
        let reference = format!("reference=backout.local/{}/*", self.name);
        let pins = lines(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", &reference]);
        let checkpoints: BTreeSet<&str> = pins.iter().filter_map(|pin| Some(pin.rsplit_once(':')?.1)).collect();
        for checkpoint in checkpoints {
            let held = format!("label=dev.backout.holds-for={checkpoint}");
            remove(&["ps", "--all", "--quiet", "--filter", &held], &["rm", "--force"]);
        }
        for pin in &pins {
            let _ = command(&["rmi", pin]).output();
        }
    }

    /// `docker image prune --all` on the images of this project only.
    pub fn prune(&self) {
        let filter = format!("label={}", self.label());
        let _ = docker(&["image", "prune", "--all", "--force", "--filter", &filter]);
    }
}

impl Drop for Project {
    /// Removes containers, networks, volumes and images, in the order in which one holds the other.
    fn drop(&mut self) {
        let own = format!("label=com.docker.compose.project={}", self.name);
        let built = format!("label={}", self.label());
        // A volume without a name that Compose handed on from container to container goes with none of them.
        let mounted = ["ps", "--all", "--no-trunc", "--filter", &own, "--format", "{{.Mounts}}"];
        let volumes: Vec<String> = lines(&mounted).iter().flat_map(|line| line.split(',')).map(str::to_owned).collect();
        remove(&["ps", "--all", "--quiet", "--filter", &own], &["rm", "--force", "--volumes"]);
        for volume in volumes.iter().filter(|name| name.len() == 64) {
            let _ = command(&["volume", "rm", volume]).output();
        }
        remove(&["ps", "--all", "--quiet", "--filter", &built], &["rm", "--force", "--volumes"]);
        remove(&["network", "ls", "--quiet", "--filter", &own], &["network", "rm"]);
        remove(&["volume", "ls", "--quiet", "--filter", &own], &["volume", "rm"]);
        self.unpin();
        remove(&["image", "ls", "--quiet", "--all", "--filter", &built], &["rmi", "--force"]);
    }
}

/// A `docker` command's standard output.
///
/// # Panics
/// Where it fails.
#[must_use = "write `let _ =` where only the doing counts"]
pub fn docker(arguments: &[&str]) -> String {
    finish(&mut command(arguments))
}

/// A TCP port on loopback that nobody listens on now.
///
/// # Panics
/// Where there is none.
#[must_use]
#[expect(clippy::unwrap_used, reason = "a machine without free ports runs no test")]
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The address of the test-bed's registry; `None`, with the skip counted, where it does not run.
#[must_use]
pub fn registry(test: &str) -> Option<String> {
    let address = address_of("registry").unwrap_or_else(|| "127.0.0.1:15000".to_owned());
    if std::net::TcpStream::connect(&address).is_err() {
        skip(test, "the test-bed's registry does not run (`cargo xtask testbed up`)");
        return None;
    }
    Some(address)
}

/// The image with PostgreSQL and Python that the test-bed makes; `None`, with the skip counted, where there is none.
#[must_use]
pub fn stack_image(test: &str) -> Option<String> {
    image("stack", test)
}

/// That image with nginx and Prometheus; `None`, with the skip counted, where there is none.
#[must_use]
pub fn site_image(test: &str) -> Option<String> {
    image("site", test)
}

/// That image with systemd as process 1, gunicorn and git; `None`, with the skip counted, where there is none.
#[must_use]
pub fn machine_image(test: &str) -> Option<String> {
    image("machine", test)
}

fn image(part: &str, test: &str) -> Option<String> {
    let image = address_of(part);
    if image.is_none() {
        skip(test, &format!("the test-bed's {part} image is missing (`cargo xtask testbed up`)"));
    }
    image
}

/// A Python that can talk to PostgreSQL; `None`, with the skip counted, where the test-bed has made none.
#[must_use]
pub fn python(test: &str) -> Option<PathBuf> {
    let program = path_of("python").map(|folder| folder.join("bin/python3")).filter(|program| program.is_file());
    if program.is_none() {
        skip(test, "the test-bed's Python is missing (`cargo xtask testbed up`)");
    }
    program
}

/// The test-bed's Prometheus: its address, and the folder in which files name what it asks; `None`, with the skip counted, where it
/// does not run.
#[must_use]
pub fn prometheus(test: &str) -> Option<(String, PathBuf)> {
    let found = address_of("prometheus").zip(path_of("prometheus").map(|folder| folder.join("targets")));
    let found =
        found.filter(|(address, _)| std::net::TcpStream::connect(address.trim_start_matches("http://")).is_ok());
    if found.is_none() {
        skip(test, "the test-bed's Prometheus does not run (`cargo xtask testbed up`)");
    }
    found
}

/// What the test-bed recorded as the address of one of its parts.
fn address_of(part: &str) -> Option<String> {
    recorded(part, "address")
}

/// Where the test-bed put one of its parts.
pub(crate) fn path_of(part: &str) -> Option<PathBuf> {
    recorded(part, "path").map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "tests have no `wire` that could pass the environment in")]
fn recorded(part: &str, field: &str) -> Option<String> {
    let folder = std::env::var_os("BACKOUT_TESTBED").map_or_else(default_testbed, PathBuf::from);
    let record = std::fs::read(folder.join("testbed.json")).ok()?;
    let record: serde_json::Value = serde_json::from_slice(&record).ok()?;
    Some(record.pointer(&format!("/parts/{part}/{field}"))?.as_str()?.to_owned())
}

fn default_testbed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/testbed")
}

/// Names of one process count up; those of several differ by process id.
fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("bt{}x{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[expect(clippy::disallowed_methods, reason = "the testkit does not depend on the adapters that it tests")]
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).env("DOCKER_BUILDKIT", "0").env("COMPOSE_ANSI", "never");
    command
}

#[expect(clippy::panic, reason = "a test whose surroundings fail cannot go on")]
fn finish(command: &mut Command) -> String {
    match command.output() {
        Ok(Output { status, stdout, .. }) if status.success() => String::from_utf8_lossy(&stdout).into_owned(),
        Ok(output) => panic!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{command:?}: {error}"),
    }
}

fn lines(arguments: &[&str]) -> Vec<String> {
    let output = command(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// Removes what is listed, one thing after the other: Engine 20.10 can lock itself up where several containers of one
/// network end at the same moment. What cannot be removed stays, because a test's own failure says more.
fn remove(list: &[&str], how: &[&str]) {
    for found in lines(list) {
        let _ = command(&how.iter().copied().chain([found.as_str()]).collect::<Vec<_>>()).output();
    }
}
