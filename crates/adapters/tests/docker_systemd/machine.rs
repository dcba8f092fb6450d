//! A container in which systemd is process 1, for one test.
//!
//! A test runs *in* the machine: this binary starts itself there, so that process numbers, `/proc`, the bus and `systemctl`
//! are what they are on a real host. A test about the view from elsewhere runs outside, over the machine's bus in a shared
//! folder.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output, Stdio};

use backout_testkit::skip::skip;

use crate::world::{Way, World, put};

/// The image that the test-bed makes.
const IMAGE: &str = "backout-test/systemd:2";
/// Set in the machine: the folder that both sides see under one path.
const FOLDER: &str = "BACKOUT_TEST_MACHINE_FOLDER";

/// A running machine; removed when it is dropped.
pub(crate) struct Machine {
    name: String,
    folder: tempfile::TempDir,
}

/// Runs the test of that name in a machine of its own.
pub(crate) async fn inside(test: &str, way: Way, scenario: impl AsyncFnOnce(World)) {
    #[expect(clippy::disallowed_methods, reason = "how the test outside tells the one inside where it is")]
    if let Some(folder) = std::env::var_os(FOLDER) {
        return scenario(World::new(Path::new(&folder), way, &[])).await;
    }
    let Some(machine) = Machine::start(test) else { return };
    let exe = std::env::current_exe().unwrap();
    let variable = format!("{FOLDER}={}", machine.folder().display());
    let output = machine.run(&["--env", &variable], &[exe.to_str().unwrap(), "--exact", test, "--nocapture"]);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "in the machine:\n{said}");
}

impl Machine {
    /// Starts one; `None`, with the skip counted, where that cannot be.
    pub(crate) fn start(test: &str) -> Option<Self> {
        for (probe, what) in [
            (vec!["version"], "no Docker Engine answers"),
            (
                vec!["image", "inspect", IMAGE],
                "the image `backout-test/systemd:2` is missing (`cargo xtask testbed up`)",
            ),
        ] {
            if !docker(&probe).status.success() {
                skip(test, what);
                return None;
            }
        }
        let folder = tempfile::Builder::new().prefix("backout-systemd-").tempdir().unwrap();
        let name = folder.path().file_name().unwrap().to_str().unwrap().to_owned();
        let machine = Self { name, folder };
        if let Err(why) = machine.boot() {
            skip(test, &format!("systemd does not start in a container here: {why}"));
            return None;
        }
        Some(machine)
    }

    fn boot(&self) -> Result<(), String> {
        for folder in ["bus", "units"] {
            std::fs::create_dir(self.folder().join(folder)).unwrap();
        }
        let this = self.folder().display();
        let tests = std::env::current_exe().unwrap().parent().unwrap().display().to_string();
        let volumes =
            [format!("{this}:{this}"), format!("{this}/bus:/run/dbus"), format!("{this}/units:/run/systemd/system")];
        let tests = format!("{tests}:{tests}:ro");
        let mut words = vec!["run", "--detach", "--name", &self.name, "--network", "none", "--cap-add", "SYS_ADMIN"];
        words.extend(["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]);
        words.extend(["--cgroupns=private", "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"]);
        words.extend(["--volume", &tests]);
        volumes.iter().for_each(|volume| words.extend(["--volume", volume]));
        words.extend(["--env", "container=docker", IMAGE]);
        let started = docker(&words);
        let ready = || self.run(&[], &["systemctl", "is-system-running", "--wait"]);
        // The first calls may come before process 1 listens.
        let is_ready = |_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            ready().status.success()
        };
        match started.status.success() && (0..100).any(is_ready) {
            true => Ok(()),
            false => Err(format!("{} {}", text(&started.stderr), text(&docker(&["logs", &self.name]).stderr))),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a program in the machine.
    pub(crate) fn run(&self, options: &[&str], program: &[&str]) -> Output {
        docker(&[&["exec"], options, &[self.name.as_str()], program].concat())
    }

    /// A folder with programs that run in the machine: what a host would have on its `PATH`.
    pub(crate) fn programs(&self) -> PathBuf {
        #[expect(clippy::disallowed_methods, reason = "where the engine of the tests is")]
        let engine = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
        let folder = self.folder().join("bin");
        for program in ["systemctl", "journalctl"] {
            put(
                &folder.join(program),
                &format!("#!/bin/sh\nexec docker --host {engine} exec {} {program} \"$@\"\n", self.name),
            );
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(folder.join(program), mode).unwrap();
        }
        folder
    }

    /// The address of its bus, from outside.
    pub(crate) fn bus(&self) -> String {
        format!("unix:path={}", self.folder().join("bus/system_bus_socket").display())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        docker(&["rm", "--force", "--volumes", &self.name]);
    }
}

#[expect(clippy::disallowed_methods, reason = "the test drives real programs beside the ones under test")]
fn docker(words: &[&str]) -> Output {
    let mut process = Process::new("docker");
    process.args(words).stdin(Stdio::null()).output().unwrap_or_else(|error| Output {
        status: std::os::unix::process::ExitStatusExt::from_raw(127 << 8),
        stdout: Vec::new(),
        stderr: error.to_string().into_bytes(),
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
