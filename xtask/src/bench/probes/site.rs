//! What is measured on: the bench's own program, what it answers with, and a core for each side.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::get::get;
use crate::bench::project::free_port;
use crate::failure::Failure;
use crate::process::{Call, find};
use crate::workspace;

/// The core of what is probed, and of who probes.
const ANSWERS_ON: &str = "0";
const PROBES_ON: &str = "1";

/// How long a program may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The site; everything that was started on it ends with it.
pub(super) struct Site {
    program: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) port: u16,
    started: Vec<Child>,
}

impl Site {
    /// Builds the program, and starts what is probed: plain at one port, over TLS at the next.
    pub(super) fn start() -> Result<Self, Failure> {
        let folder = workspace::target().join("bench-probes");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
        let mut site = Self { program: build()?, port: free_port()?, folder, started: Vec::new() };
        let identity = site.identity()?;
        let words = ["respond".to_owned(), site.port.to_string()].into_iter().chain(identity);
        let call = pinned(ANSWERS_ON, &site.program, words);
        let child = call.child(&site.folder.join("responder.log"))?;
        site.started.push(child);
        site.until_ready(site.port, "/count")?;
        Ok(site)
    }

    /// A certificate and its key, where there is `openssl`.
    fn identity(&self) -> Result<Vec<String>, Failure> {
        if find("openssl").is_none() {
            return Ok(Vec::new());
        }
        let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
                     -keyout key.pem -out cert.pem";
        Call::new("openssl").args(words.split_whitespace()).folder(&self.folder).output()?;
        Ok(["cert.pem", "key.pem"].map(|name| self.folder.join(name).display().to_string()).into())
    }

    /// Whether it answers over TLS as well.
    pub(super) fn has_tls(&self) -> bool {
        self.folder.join("cert.pem").exists()
    }

    /// Runs the prober of the bench to its end: what it has seen.
    pub(super) fn probe(&self, words: &[String]) -> Result<Value, Failure> {
        let words = std::iter::once("probe".to_owned()).chain(words.iter().cloned());
        let line = pinned(PROBES_ON, &self.program, words).output()?;
        serde_json::from_str(&line).map_err(|error| Failure::Check(format!("the prober said {line:?}: {error}")))
    }

    /// Starts another prober on the core for that; its process id.
    pub(super) fn start_other(&mut self, program: &Path, words: &[String], one_core: bool) -> Result<u32, Failure> {
        let mut call = pinned(PROBES_ON, program, words.iter().cloned());
        if one_core {
            call = call.env("GOMAXPROCS", "1");
        }
        let child = call.child(&self.folder.join("others.log"))?;
        let id = child.id();
        self.started.push(child);
        Ok(id)
    }

    /// Ends what was started with [`Site::start_other`].
    pub(super) fn end_others(&mut self) {
        for mut child in self.started.drain(1.min(self.started.len())..) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Waits until a port of this machine answers.
    pub(super) fn until_ready(&self, port: u16, path: &str) -> Result<(), Failure> {
        let begun = Instant::now();
        while get(port, path).map_or(true, |answer| answer.is_empty()) {
            if begun.elapsed() > READY_WITHIN {
                let logs = self.folder.display();
                return Err(Failure::Check(format!(
                    "nothing answers at 127.0.0.1:{port}{path}; see the logs in {logs}"
                )));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// How many probes have been answered: the same count for everybody.
    pub(super) fn answered(&self) -> Result<f64, Failure> {
        Ok(get(self.port, "/count")?.trim().parse().unwrap_or(0.0))
    }

    /// The address of a target.
    pub(super) fn target(number: usize) -> String {
        format!("127.1.{}.{}", number / 250, number % 250 + 1)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for child in &mut self.started {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn build() -> Result<PathBuf, Failure> {
    let words = ["build", "--release", "--quiet", "-p", "backout-engine", "--bench", "probes"];
    let told = Call::new("cargo").args(words).args(["--message-format", "json"]).folder(workspace::root()).output()?;
    let artifacts = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = artifacts.filter_map(|artifact| artifact["executable"].as_str().map(PathBuf::from));
    programs.next_back().ok_or_else(|| Failure::Check("cargo did not say where the bench's program is".to_owned()))
}

/// On one core, where the machine has more than one.
fn pinned(core: &str, program: &Path, words: impl IntoIterator<Item = String>) -> Call {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match find("taskset").filter(|_| cores > 1) {
        Some(taskset) => Call::new(taskset).args(["-c", core]).args([program]).args(words),
        None => Call::new(program).args(words),
    }
}
